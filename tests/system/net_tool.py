"""Servers and clients of the network tests: python3 net_tool.py WHAT ...  Every server says `ready` first.

echo ADDRESS PORT    answers over TCP and UDP with "hello from ADDRESS PORT"
dns ADDRESS          answers every A query over UDP with 198.51.100.2, AAAA queries with nothing
abstract NAME        accepts connections to that abstract socket
ask tcp|udp ADDRESS PORT     prints the answer; 1 and the name of the error when there is none
"""
import errno
import select
import socket
import struct
import sys


def family(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def bound(kind, address, port):
    s = socket.socket(family(address), kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    return s


def serve(streams, datagrams, answer):
    for s in streams:
        s.listen(8)
    print('ready', flush=True)
    while True:
        for s in select.select(streams + datagrams, [], [])[0]:
            if s in streams:
                connection, _ = s.accept()
                connection.sendall(answer(connection.recv(4096)))
                connection.close()
            else:
                data, peer = s.recvfrom(4096)
                s.sendto(answer(data), peer)


def echo(address, port):
    text = f'hello from {address} {port}'.encode()
    serve([bound(socket.SOCK_STREAM, address, int(port))], [bound(socket.SOCK_DGRAM, address, int(port))], lambda _: text)


def dns_answer(query):
    end = query.index(b'\0', 12) + 1
    kind = struct.unpack('!H', query[end:end + 2])[0]
    records = b''
    if kind == 1:
        records = struct.pack('!HHHIH4s', 0xc00c, 1, 1, 60, 4, socket.inet_aton('198.51.100.2'))
    return query[:2] + struct.pack('!HHHHH', 0x8180, 1, 1 if records else 0, 0, 0) + query[12:end + 4] + records


def dns(address):
    serve([], [bound(socket.SOCK_DGRAM, address, 53)], dns_answer)


def abstract(name):
    s = socket.socket(socket.AF_UNIX)
    s.bind('\0' + name)
    serve([s], [], lambda _: b'hello')


def ask(kind, address, port):
    s = socket.socket(family(address), socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
    s.settimeout(3)
    try:
        s.connect((address, int(port)))
        s.send(b'?')
        print(s.recv(4096).decode() or 'EOF')
    except OSError as e:
        print(errno.errorcode.get(e.errno, type(e).__name__))
        sys.exit(1)


if __name__ == '__main__':
    {'echo': echo, 'dns': dns, 'abstract': abstract, 'ask': ask}[sys.argv[1]](*sys.argv[2:])
