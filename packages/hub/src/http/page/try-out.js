/** Two people who use this hub through the stock client that the hub serves. */

/** Different in every tab, so that visitors do not meet in one inbox; kept over a reload, so that what waits is found again. */
function tabName() {
  const key = 'parley-tab';
  const known = sessionStorage.getItem(key);
  if (known !== null) return known;
  const made = Math.random().toString(36).slice(2, 6);
  sessionStorage.setItem(key, made);
  return made;
}

/** `views`: the two people's parts of the page. `socketUrl`: where this hub answers Socket.IO. `join`: the form that names a room. */
export function startTryOut(views, join, socketUrl) {
  const tab = tabName();
  const people = [...views].map((view) => new Person(view, tab, socketUrl));
  const [ann, bob] = people;
  ann.writeTo(bob);
  bob.writeTo(ann);
  const button = join.querySelector('button');
  for (const person of people) {
    person.onState = () => {
      button.disabled = !people.some((each) => each.isOnline);
    };
  }
  onSubmit(join, () => {
    const roomId = join.querySelector('input').value.trim();
    for (const person of people) if (person.isOnline) void person.join(roomId);
  });
}

class Person {
  #view;
  #socketUrl;
  #socket;
  #rooms = [];
  #other;
  /** The line that says that the hub can't be reached, while it can't: later attempts change it. */
  #trouble;
  #attempts = 0;
  /** The marks of own messages that wait for their receipt, by message id. */
  #undelivered = new Map();

  constructor(view, tab, socketUrl) {
    this.#view = view;
    this.#socketUrl = socketUrl;
    const name = this.#find('.user-id');
    name.value = `${name.value}-${tab}`;
    name.addEventListener('input', () => this.#showName());
    this.#find('.toggle').addEventListener('click', () => (this.#socket === undefined ? this.#goOnline() : this.#goOffline(offlineNote)));
    onSubmit(this.#find('.compose'), (form) => this.#sendMessage(form));
    this.#showName();
    this.#note(offlineNote);
  }

  get userId() {
    return this.#find('.user-id').value.trim();
  }

  get isOnline() {
    return this.#view.dataset.state === 'online';
  }

  writeTo(other) {
    this.#other = other;
    other.onRenamed = () => this.#showRecipients();
    this.#showRecipients();
  }

  async join(roomId) {
    if (roomId === '') return this.#note('A room needs a name.');
    const reply = await this.#call('join_room', { room_id: roomId });
    if (reply.status !== 'success') return this.#note(reply.message);
    const named = reply.members.slice(0, namedMembersMax);
    const others = reply.member_count - named.length;
    this.#note(`In #${roomId} with ${named.join(', ')}${others > 0 ? ` and ${others} more` : ''}.`);
    this.#rooms = [...new Set([...this.#rooms, roomId])];
    this.#showRecipients(`#${roomId}`);
  }

  async #goOnline() {
    if (this.userId === '') return this.#askForName();
    this.#showState('connecting');
    try {
      const { io } = await import(new URL('socket.io.esm.min.js', this.#socketUrl));
      const { origin, pathname } = this.#socketUrl;
      this.#socket = io(origin, { path: pathname, forceNew: true, auth: { user_id: this.userId } });
    } catch {
      this.#goOffline('This hub does not serve the Socket.IO client, so there is nothing to try here.');
      return;
    }
    this.#listen(this.#socket);
  }

  #askForName() {
    this.#note('Give this person a name first.');
    this.#find('.user-id').focus();
  }

  #goOffline(note) {
    this.#socket?.disconnect();
    this.#socket = undefined;
    this.#trouble = undefined;
    this.#rooms = [];
    this.#showRecipients();
    this.#showState('offline');
    this.#note(note);
  }

  #listen(socket) {
    socket.on('registered', (registered) => this.#showRegistered(registered));
    socket.on('connect_error', (error) => {
      // A client that does not try again was refused for a reason that only its user can mend.
      if (socket.active) this.#showTrouble();
      else this.#goOffline(error.data?.message ?? error.message);
    });
    socket.on('disconnect', (reason) => {
      if (socket !== this.#socket) return;
      if (socket.active) this.#showState('connecting');
      else this.#goOffline(`The hub ended this connection for good (${reason}).`);
    });
    socket.on('message', (message) => this.#showIncoming(message, ''));
    socket.on('room_message', (message) => this.#showIncoming(message, `#${message.room_id}`));
    socket.on('broadcast', (message) => this.#showIncoming(message, 'broadcast'));
    socket.on('message_delivered', ({ message_id }) => this.#undelivered.get(message_id)?.('delivered'));
    socket.on('user_joined', ({ room_id, user_id }) => this.#note(`${user_id} joined #${room_id}.`));
    socket.on('user_left', ({ room_id, user_id }) => this.#note(`${user_id} left #${room_id}.`));
    socket.on('error', ({ message }) => this.#note(message));
  }

  /** Comes before the messages that waited. */
  #showRegistered({ rooms, queued }) {
    this.#trouble = undefined;
    this.#attempts = 0;
    this.#rooms = rooms;
    this.#showRecipients();
    this.#showState('online');
    const waited = queued === 1 ? '1 message was waiting:' : `${queued} messages were waiting:`;
    this.#note(queued === 0 ? 'Online.' : `Online. ${waited}`);
  }

  #showTrouble() {
    this.#attempts += 1;
    const text = `The hub can't be reached. This client tries again by itself (attempt ${this.#attempts}).`;
    if (this.#trouble === undefined) this.#trouble = this.#note(text);
    else this.#trouble.textContent = text;
  }

  async #sendMessage(form) {
    const content = form.elements.text.value;
    if (content === '') return;
    form.elements.text.value = '';
    const to = form.elements.to.value;
    const isRoom = to.startsWith('#');
    const setMark = this.#showBubble('own', isRoom ? to : '', content, 'sending');
    const reply = isRoom
      ? await this.#call('room_message', { room_id: to.slice(1), content, echo: false })
      : await this.#call('message', { recipient_id: this.#other.userId, content, receipt: true });
    if (reply.status !== 'success') {
      setMark('not sent');
      this.#note(reply.message);
      return;
    }
    // The receipt of a reader who is here can come before the reply.
    if (!isRoom) this.#undelivered.set(reply.message_id, setMark);
    setMark(`stored, number ${reply.seq}`);
  }

  async #call(event, payload) {
    try {
      return await this.#socket.timeout(10_000).emitWithAck(event, payload);
    } catch {
      return { status: 'error', message: 'The hub did not answer in time.' };
    }
  }

  #showIncoming({ sender_id, content, redelivered }, place) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    this.#showBubble('other', [String(sender_id), place].filter(Boolean).join(' in '), text, redelivered ? 'sent again' : '');
  }

  /** Returns what changes the small text below the bubble. */
  #showBubble(side, from, text, mark) {
    const bubble = document.createElement('li');
    bubble.className = side;
    const label = line('b', from);
    const state = line('small', mark);
    bubble.append(label, line('p', text), state);
    this.#append(bubble);
    return (next) => {
      if (state.textContent === 'delivered') return;
      state.textContent = next;
      bubble.classList.toggle('delivered', next === 'delivered');
    };
  }

  #note(text) {
    const note = line('li', text);
    note.className = 'note';
    this.#append(note);
    return note;
  }

  #append(item) {
    const log = this.#find('.log');
    log.append(item);
    while (log.children.length > 200) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
  }

  #showName() {
    this.#find('.avatar').textContent = (this.userId[0] ?? '?').toUpperCase();
    this.onRenamed?.();
  }

  #showState(state) {
    this.#view.dataset.state = state;
    this.#find('.state').textContent = state;
    this.#find('.toggle').textContent = state === 'offline' ? 'Go online' : 'Go offline';
    this.#find('.user-id').readOnly = state !== 'offline';
    for (const field of this.#view.querySelectorAll('form > *')) field.disabled = state !== 'online';
    this.onState?.();
  }

  #showRecipients(chosen = this.#find('[name=to]').value) {
    const options = [this.#other.userId, ...this.#rooms.map((roomId) => `#${roomId}`)].map((name) => new Option(name, name));
    this.#find('[name=to]').replaceChildren(...options);
    if (options.some((option) => option.value === chosen)) this.#find('[name=to]').value = chosen;
  }

  #find(selector) {
    return this.#view.querySelector(selector);
  }
}

const namedMembersMax = 5;
const offlineNote = 'Offline. Messages to this user wait in the hub.';

function onSubmit(form, task) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    task(form);
  });
}

function line(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
