"""A cluster in this process, as far as `RayPool` sees of Ray: an actor works once it has one of some cores."""


class ActorDiedError(Exception):
    """Of an actor that is gone."""


class _Exceptions:
    RayActorError = WorkerCrashedError = RaySystemError = ActorDiedError
    RayError = Exception


class _Method:
    def __init__(self, call):
        self.remote = call


class _Handle:
    def __init__(self, ray, worker):
        self.ray, self.worker, self.has_core = ray, worker, False
        self.do = _Method(lambda *arguments: ray.submit(self, arguments))
        self.stop = self.__ray_terminate__ = _Method(self.give_back)

    def give_back(self):
        if self.has_core:
            self.ray.n_free, self.has_core = self.ray.n_free + 1, False


class FewCores:
    """Stands for the module `ray`."""

    exceptions = _Exceptions

    def __init__(self, n_cores):
        self.n_free, self.calls = n_cores, []

    def remote(self, **_):
        return lambda kind: _Method(lambda *options: _Handle(self, kind(*options)))

    def submit(self, handle, arguments):
        self.calls.append((handle, arguments))
        return len(self.calls) - 1

    def wait(self, references, *, num_returns, timeout):
        for reference in references:
            handle, _ = self.calls[reference]
            if not handle.has_core and self.n_free:
                self.n_free, handle.has_core = self.n_free - 1, True
            if handle.has_core:
                return [reference], []
        raise AssertionError("jobs wait for actors that get no core")

    def get(self, reference):
        handle, (task_id, payload) = self.calls[reference]
        if "words" in payload:
            raise ActorDiedError(payload["words"])
        if payload.pop("lose", False):  # its machine: the core does not come back
            handle.has_core = False
            raise ActorDiedError("lost")
        return {"host": "b2", "result": {"id": task_id}, "error": None, "n_lost": 0, "seconds": 0.0}

    def kill(self, handle):
        handle.give_back()
