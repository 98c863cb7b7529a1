/** The live numbers, the rooms and the copy buttons. What comes from the network becomes text nodes only. */
import { startTryOut } from './try-out.js';

const pollIntervalMs = 2000;
const roomsShownMax = 12;
/** The last minute. */
const ratePointsMax = 30;

const find = (selector) => document.querySelector(selector);
const number = (name) => find(`[data-number="${name}"]`);

/** Relative to the page, which may stand below a path of a proxy. */
const socketUrl = new URL(document.documentElement.dataset.socketPath, document.baseURI);

function showUrl() {
  for (const place of document.querySelectorAll('[data-url]')) place.textContent = location.origin;
  if (socketUrl.pathname === '/socket.io/') return;
  for (const place of document.querySelectorAll('[data-path-value]')) place.textContent = socketUrl.pathname;
  for (const place of document.querySelectorAll('[data-path]')) place.hidden = false;
}

function startCopyButtons() {
  for (const button of document.querySelectorAll('.copy')) {
    button.addEventListener('click', async () => {
      // Not textContent, which has the line with the path also where it is not shown.
      const isDone = await copyText(find(`#${button.dataset.copy}`).innerText);
      button.textContent = isDone ? 'Copied' : 'Select it by hand';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 1500);
    });
  }
}

/** Browsers offer the clipboard on https and localhost only. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

function show(place, text) {
  if (place.textContent === text) return;
  place.textContent = text;
  place.classList.remove('changed');
  // Reading the width ends the running animation, so that the class starts it again.
  void place.offsetWidth;
  place.classList.add('changed');
}

function showStatus(state, text) {
  find('#status').dataset.state = state;
  find('#status-text').textContent = text;
  find('#numbers').classList.toggle('stale', state !== 'running');
}

function showStats(stats) {
  const format = new Intl.NumberFormat('en');
  show(number('users'), format.format(stats.connections.online_users));
  show(number('connections'), format.format(stats.connections.total_connections));
  show(number('rooms'), format.format(stats.rooms));
  show(number('messages'), format.format(stats.messages));
  show(number('queued'), format.format(stats.queue.queued));
  number('uptime').textContent = duration(stats.uptime_seconds);
}

/** `4 min`, `3 h 20 min`, `2 d 5 h`. */
function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds} s`;
  if (hours === 0) return `${minutes} min`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Counts the messages between two polls. `messages` can fall, since old ones expire. */
function makeRate() {
  const added = [];
  let last;
  return (messages) => {
    if (last !== undefined) added.push(Math.max(0, messages - last));
    last = messages;
    if (added.length > ratePointsMax) added.shift();
    const most = Math.max(1, ...added);
    const points = added.map(
      (count, index) => `${((index + ratePointsMax - added.length) * 300) / (ratePointsMax - 1)},${38 - (count / most) * 34}`,
    );
    find('#rate polyline').setAttribute('points', points.join(' '));
    show(number('rate'), String(added.reduce((sum, count) => sum + count, 0)));
  };
}

function showRooms({ rooms, count }) {
  const shown = rooms.slice(-roomsShownMax).reverse();
  find('#room-rows').replaceChildren(...shown.map(roomRow));
  const note = find('#rooms-note');
  note.hidden = count > 0 && count === shown.length;
  note.textContent = count === 0 ? 'No room yet. Join one above, and it is here.' : `${shown.length} of ${count} rooms.`;
}

function roomRow(room) {
  const row = document.createElement('tr');
  const name = cell(room.room_name);
  if (room.room_name !== room.room_id) name.append(aside(room.room_id));
  if (room.is_private) name.append(aside('private'));
  const members = cell(`${room.member_count} of ${room.max_members}`);
  members.className = 'count';
  row.append(name, cell(String(room.created_by)), members);
  return row;
}

function showNodes({ this_node: thisNode, bus, nodes }) {
  find('#nodes').hidden = false;
  show(find('#this-node'), String(thisNode));
  show(find('#bus'), bus);
  find('#node-rows').replaceChildren(
    ...nodes.map(({ node, started_at: startedAt, silent_seconds: silent, users, connections }) => {
      const row = document.createElement('tr');
      const counts = [users, connections].map((count) => Object.assign(cell(String(count)), { className: 'count' }));
      row.append(cell(String(node)), cell(new Date(startedAt * 1000).toLocaleString()), cell(`${silent} s ago`), ...counts);
      return row;
    }),
  );
}

const cell = (text) => element('td', text);
const aside = (text) => Object.assign(element('small', text), { className: 'aside' });

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

async function fetchJson(path) {
  const response = await fetch(path, { headers: { accept: 'application/json' } });
  return response.json();
}

async function poll(showRate) {
  try {
    const [stats, rooms, ready] = await Promise.all(['api/stats', 'api/rooms', 'ready'].map(fetchJson));
    if (ready.status === 'ready') showStatus('running', 'hub running');
    else showStatus('draining', 'hub is shutting down');
    showStats(stats);
    showRate(stats.messages);
    showRooms(rooms);
    if (document.documentElement.dataset.isCluster === 'true') showNodes(await fetchJson('api/nodes'));
  } catch {
    showStatus('gone', 'hub does not answer');
  }
}

/** A page that nobody sees asks nothing. */
async function pollForever() {
  const showRate = makeRate();
  for (;;) {
    if (!document.hidden) await poll(showRate);
    await new Promise((resolve) => setTimeout(resolve, pollIntervalMs));
  }
}

showUrl();
startCopyButtons();
if (document.documentElement.dataset.auth === 'open') startTryOut(document.querySelectorAll('.person'), find('#join'), socketUrl);
else find('#try').hidden = true;
await pollForever();
