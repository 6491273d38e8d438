from sandbox.errors import not_implemented


def handle(state, call):
    raise not_implemented(call.service, call.operation)
