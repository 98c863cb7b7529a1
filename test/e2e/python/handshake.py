"""Says in the handshake who it is and only listens, over restarts of the hub; shows the messages until there are enough."""
import json
import sys
import threading

import socketio

url, transports, user_id, wanted = sys.argv[1], sys.argv[2].split(','), sys.argv[3], int(sys.argv[4])
sio = socketio.Client(reconnection_delay=0.1, reconnection_delay_max=0.3)
messages = {}
done = threading.Event()


def show(name, payload):
    print(json.dumps({"name": name, "payload": payload}), flush=True)


@sio.on('registered')
def on_registered(data):
    show('registered', data)


@sio.on('message')
def on_message(data):
    messages[data['seq']] = data['content']
    if len(messages) == wanted:
        done.set()


sio.connect(url, transports=transports, auth={'user_id': user_id})
done.wait(40)
show('messages', {"list": [messages[seq] for seq in sorted(messages)]})
sio.disconnect()
