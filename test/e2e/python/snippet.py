"""A client as the project's origin shows it: numeric ids, events only, no acknowledgement callbacks."""
import json
import sys

import socketio

sio = socketio.Client()


def show(event, data):
    # One write: the client calls handlers in threads of their own, and print writes a line and its end apart.
    sys.stdout.write(json.dumps({"name": event, "payload": data}) + "\n")
    sys.stdout.flush()


@sio.on('connected')
def on_connected(data):
    show('connected', data)
    sio.emit('register', {'user_id': 1})


@sio.on('registered')
def on_registered(data):
    show('registered', data)
    sio.emit('create_room', {'room_id': 'python-room', 'room_name': 'General', 'user_id': 1})


@sio.on('room_created')
def on_room_created(data):
    show('room_created', data)
    sio.emit('join_room', {'room_id': 'python-room', 'user_id': 1})


@sio.on('joined_room')
def on_joined_room(data):
    show('joined_room', data)
    sio.emit('room_message', {'room_id': 'python-room', 'sender_id': 1, 'content': 'Hello room!'})


@sio.on('room_message')
def on_room_message(data):
    show('room_message', data)
    sio.emit('message', {'sender_id': 1, 'recipient_id': 2, 'content': 'Hello!', 'type': 'text'})


@sio.on('message_sent')
def on_message_sent(data):
    show('message_sent', data)


@sio.on('message')
def on_message(data):
    show('message', data)
    sio.disconnect()


@sio.on('error')
def on_error(data):
    show('error', data)


sio.connect(sys.argv[1], transports=sys.argv[2].split(','))
sio.wait()
