"""Closures that an optimizer's step is given: they run the last backward inside it."""
import functools


def with_closures(args, kwargs, ended, ran_once):
    """(args, kwargs) of a step, with what is to be called wrapped so that `ran_once` follows it; nothing where there is no closure."""
    ran = []

    def run_by(closure):
        @functools.wraps(closure)
        def run(*args, **kwargs):
            if ran and not ended():
                raise RuntimeError("isobatch: an optimizer that calls its closure more than once is not supported yet: "
                                   "try it with SGD or Adam, as gradients are judged before the optimizer")
            ran.append(closure)
            result = closure(*args, **kwargs)
            ran_once()
            return result
        return run

    wrapped = lambda value: run_by(value) if callable(value) else value
    if any(map(callable, (*args[1:], *kwargs.values()))):
        return (args[0], *map(wrapped, args[1:])), {key: wrapped(value) for key, value in kwargs.items()}
    return None
