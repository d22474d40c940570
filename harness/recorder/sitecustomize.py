"""Found through PYTHONPATH before any other: starts the recorder, then runs the sitecustomize that this one hides."""
import importlib.machinery, importlib.util, os, sys
if os.environ.get("ISOBATCH_TRACE"):
    import isobatch_recorder
    isobatch_recorder.begin()
rest = sys.path[sys.path.index(os.path.dirname(__file__)) + 1:]
hidden = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
if hidden and hidden.loader:
    sys.modules["sitecustomize"] = importlib.util.module_from_spec(hidden)
    hidden.loader.exec_module(sys.modules["sitecustomize"])
