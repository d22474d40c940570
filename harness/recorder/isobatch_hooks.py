"""Functions of others that are looked at while they are called, and put back in the end."""
import functools, sys


class Hooks:
    def __init__(self):
        self.undo = []  # how, hook by hook

    def replace(self, owner, name, look):
        self.undo.append(functools.partial(setattr, owner, name, vars(owner)[name]))
        setattr(owner, name, look)

    def replace_functions(self, looks):
        """{function: what looks at it}, wherever a module has it, as one that was imported by its name."""
        by_id = {id(plain): look for plain, look in looks.items()}
        for holder in [each for each in sys.modules.values() if type(each) is type(sys)]:
            for name, value in [*vars(holder).items()]:
                if id(value) in by_id:
                    self.replace(holder, name, by_id[id(value)])

    def put_back(self):
        while self.undo:
            self.undo.pop()()
