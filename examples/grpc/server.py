"""A gRPC server on 127.0.0.1: nginx speaks to it, nobody else."""

import os
import signal
import time
from concurrent import futures

import grpc

from greeter_pb2 import Greeting
from greeter_pb2_grpc import GreeterServicer, add_GreeterServicer_to_server
from health_pb2 import HealthCheckResponse
from health_pb2_grpc import HealthServicer, add_HealthServicer_to_server

loaded = False


class Greeter(GreeterServicer):
    def Greet(self, request, context):
        if not loaded:
            context.abort(grpc.StatusCode.UNAVAILABLE, "still loading")
        return Greeting(text=f"Good day, {request.name}")

    def Count(self, request, context):
        for number in range(1, request.number + 1):
            yield Greeting(text=str(number))
            time.sleep(0.05)


class Health(HealthServicer):
    def Check(self, request, context):
        return HealthCheckResponse(status="SERVING" if loaded else "NOT_SERVING")


server = grpc.server(futures.ThreadPoolExecutor(16))
add_GreeterServicer_to_server(Greeter(), server)
add_HealthServicer_to_server(Health(), server)
server.add_insecure_port(f"127.0.0.1:{os.environ['PORT']}")
# Calls that were begun may finish.
signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=5))
server.start()
time.sleep(float(os.environ.get("LOADING_SECONDS", "1")))  # a model, say
loaded = True
server.wait_for_termination()
