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

/** Fills `place` with two people. */
export function startTryOut(place, template) {
  const tab = tabName();
  const people = [];
  for (const name of ['ann', 'bob']) {
    const view = template.content.firstElementChild.cloneNode(true);
    place.append(view);
    people.push(new Person(view, `${name}-${tab}`));
  }
  const [ann, bob] = people;
  ann.writeTo(bob);
  bob.writeTo(ann);
}

async function loadClient() {
  const { io } = await import('/socket.io/socket.io.esm.min.js');
  return io;
}

class Person {
  #view;
  #socket;
  #rooms = [];
  #other;
  /** The marks of own messages that wait for their receipt, by message id. */
  #undelivered = new Map();

  constructor(view, userId) {
    this.#view = view;
    this.#find('.user-id').value = userId;
    this.#find('.toggle').addEventListener('click', () => (this.#socket === undefined ? this.#goOnline() : this.#goOffline()));
    this.#find('.user-id').addEventListener('input', () => this.#showName());
    this.#onSubmit('.compose', (form) => this.#sendMessage(form));
    this.#onSubmit('.join', (form) => this.#join(form));
    this.#showName();
    this.#showState('offline');
    this.#note('Offline. Messages to this user wait in the hub.');
  }

  get userId() {
    return this.#find('.user-id').value.trim();
  }

  writeTo(other) {
    this.#other = other;
    other.onRenamed = () => this.#showRecipients();
    this.#showRecipients();
  }

  async #goOnline() {
    if (this.userId === '') return;
    this.#showState('connecting');
    try {
      const io = await loadClient();
      this.#socket = io({ forceNew: true });
    } catch {
      this.#note('This hub does not serve the Socket.IO client, so there is nothing to try here.');
      this.#showState('offline');
      return;
    }
    this.#listen(this.#socket);
  }

  #goOffline() {
    this.#socket?.disconnect();
    this.#socket = undefined;
    this.#rooms = [];
    this.#showRecipients();
    this.#showState('offline');
    this.#note('Offline. Messages to this user wait in the hub.');
  }

  #listen(socket) {
    socket.on('connect', () => this.#register(socket));
    socket.on('connect_error', (error) => this.#note(`The hub can't be reached: ${error.message}`));
    socket.on('disconnect', (reason) => {
      if (socket === this.#socket) this.#showState('connecting');
      if (reason === 'io server disconnect') socket.connect();
    });
    socket.on('message', (message) => this.#showIncoming(message, ''));
    socket.on('room_message', (message) => this.#showIncoming(message, `#${message.room_id}`));
    socket.on('broadcast', (message) => this.#showIncoming(message, 'broadcast'));
    socket.on('message_delivered', ({ message_id }) => this.#undelivered.get(message_id)?.('delivered'));
    socket.on('user_joined', ({ room_id, user_id }) => this.#note(`${user_id} joined #${room_id}.`));
    socket.on('user_left', ({ room_id, user_id }) => this.#note(`${user_id} left #${room_id}.`));
    socket.on('error', ({ message }) => this.#note(message));
    socket.on('going_away', () => this.#note('The hub restarts. This client comes back by itself.'));
  }

  async #register(socket) {
    const reply = await socket.emitWithAck('register', { user_id: this.userId });
    if (reply.status !== 'success') {
      this.#goOffline();
      this.#note(reply.message);
      return;
    }
    this.#rooms = reply.rooms;
    this.#showRecipients();
    this.#showState('online');
    const waited = reply.queued === 1 ? '1 message was waiting.' : `${reply.queued} messages were waiting.`;
    this.#note(reply.queued === 0 ? 'Online.' : `Online. ${waited}`);
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

  async #join(form) {
    const roomId = form.elements.room.value.trim();
    if (roomId === '') return;
    const reply = await this.#call('join_room', { room_id: roomId });
    this.#note(reply.status === 'success' ? `In #${roomId} with ${reply.members.join(', ')}.` : reply.message);
    if (reply.status !== 'success') return;
    this.#rooms = [...new Set([...this.#rooms, roomId])];
    this.#showRecipients(`#${roomId}`);
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
    const isOnline = state === 'online';
    this.#view.dataset.state = state;
    this.#find('.state').textContent = state;
    this.#find('.toggle').textContent = state === 'offline' ? 'Go online' : 'Go offline';
    this.#find('.user-id').readOnly = state !== 'offline';
    for (const field of this.#view.querySelectorAll('form > *')) field.disabled = !isOnline;
  }

  #showRecipients(chosen = this.#find('[name=to]').value) {
    const options = [this.#other.userId, ...this.#rooms.map((roomId) => `#${roomId}`)].map((name) => new Option(`to ${name}`, name));
    this.#find('[name=to]').replaceChildren(...options);
    if (options.some((option) => option.value === chosen)) this.#find('[name=to]').value = chosen;
  }

  #onSubmit(selector, task) {
    const form = this.#find(selector);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      task(form);
    });
  }

  #find(selector) {
    return this.#view.querySelector(selector);
  }
}

function line(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
