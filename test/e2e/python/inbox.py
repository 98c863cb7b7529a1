"""Registers as a user with an acknowledgement callback and shows the messages that come, until there are enough."""
import json
import sys
import threading

import socketio

url, transports, user_id, wanted = sys.argv[1], sys.argv[2].split(','), sys.argv[3], int(sys.argv[4])
sio = socketio.Client()
messages = []
done = threading.Event()


@sio.on('message')
def on_message(data):
    messages.append(data)
    if len(messages) == wanted:
        done.set()


sio.connect(url, transports=transports)
print(json.dumps({"name": "registered", "payload": sio.call('register', {'user_id': user_id})}), flush=True)
done.wait(10)
# A round trip, so that the proof of receipt has left before the connection ends.
sio.call('ping_hub', {})
print(json.dumps({"name": "messages", "payload": {"list": messages}}), flush=True)
sio.disconnect()
