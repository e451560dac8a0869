"""python3 client.py HOST:PORT NAME"""

import sys

import grpc

from greeter_pb2 import Name, Upto
from greeter_pb2_grpc import GreeterStub

address, name = sys.argv[1:]
with grpc.insecure_channel(address) as channel:
    greeter = GreeterStub(channel)
    print(greeter.Greet(Name(name=name), timeout=20).text)
    print(*[one.text for one in greeter.Count(Upto(number=5), timeout=20)])
