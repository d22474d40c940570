"""Trainers of many kinds: each is judged right when it is right and red when it is not, or refused in a sentence that says what to do."""
import os, sys, tempfile, unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "harness", "recorder"))

import loops, torch  # noqa: E402
from isobatch_pytest import NotEquivalent, assert_equivalent  # noqa: E402

SPLITS = ["6x1x1", "2x3x1", "1x6x1"]


class Adapted(torch.nn.Module):
    """A frozen layer, here even of bfloat16 weights, and what is trained beside it."""
    def __init__(self, inner):
        super().__init__()
        self.inner = inner.requires_grad_(False)
        self.down, self.up = torch.nn.Linear(8, 2, bias=False), torch.nn.Linear(2, 8, bias=False)

    def forward(self, x):
        return self.inner(x) + self.up(self.down(x))


class LateLayer(torch.nn.Module):
    """Makes its parameters when it first sees data, without torch knowing."""
    def __init__(self):
        super().__init__()
        self.first, self.layer = torch.nn.Linear(8, 8), None

    def forward(self, x):
        if self.layer is None:
            self.layer = torch.nn.Linear(8, 8)
        return self.layer(self.first(x))


class Narrow(torch.nn.Module):
    """Computes in few bits, and is summed in float32."""
    def __init__(self, dtype):
        super().__init__()
        self.inner, self.dtype = loops.model_of(), dtype

    def forward(self, x):
        with torch.autocast("cpu", dtype=self.dtype):
            return self.inner(x).float()


def lora():
    model = loops.model_of()
    model.requires_grad_(False)
    return torch.nn.Sequential(model[0], Adapted(model[1]), *model[2:])


def lazy():
    return torch.nn.Sequential(torch.nn.Embedding(loops.VOCAB, 8), torch.nn.LazyLinear(8), torch.nn.Tanh(), torch.nn.Linear(8, loops.VOCAB))


def sparse():
    return torch.nn.Sequential(torch.nn.Embedding(loops.VOCAB, 8, sparse=True), torch.nn.Tanh(), torch.nn.Linear(8, loops.VOCAB, bias=False))


def sgd(parameters):
    return torch.optim.SGD(parameters, 0.1)


def scaler():
    return torch.amp.GradScaler("cpu", init_scale=1024.0)


# What a training function adds to the loop that all share.
SUPPORTED = {"frozen weights beside an adapter": lambda: {"model": lora()}, "parameters made in the first forward": lambda: {"model": lazy()},
             "a layer made in the first forward": lambda: {"model": loops.model_of(LateLayer()), "optimizer_of": None},
             "sparse gradients": lambda: {"model": sparse(), "optimizer_of": sgd, "clip": None}, "a gradient scaler": lambda: {"scaler": scaler()},
             "a loss that is only logged": lambda: {"logs": True},
             "a scaler without a clip": lambda: {"scaler": scaler(), "clip": None}, "fp64": lambda: {"model": loops.model_of().double()}}


class Breadth(unittest.TestCase):
    def refusal(self, train):
        with self.assertRaises(RuntimeError) as caught:
            assert_equivalent(train, SPLITS)
        text = str(caught.exception)
        self.assertEqual((text.count("\n"), text.startswith("isobatch: ")), (0, True), text)
        return text

    def test_what_is_supported_is_judged(self):
        for name, options in SUPPORTED.items():
            with self.subTest(name):
                result = assert_equivalent(lambda per_device, accum: loops.train(per_device, accum, **options()), SPLITS)
                self.assertEqual(result["records"][0]["verdict"]["outcome"], "identical")
                with self.assertRaises(NotEquivalent) as caught:
                    assert_equivalent(lambda per_device, accum: loops.train(per_device, accum, means=True, **options()), SPLITS)
                self.assertIn("token-mean-of-means", caught.exception.result["findings"][0]["causes"])

    def test_a_loop_that_sums_for_itself_may_clear(self):
        result = assert_equivalent(lambda per_device, accum: loops.train(per_device, accum, sums=True), SPLITS)
        self.assertEqual(result["records"][-1]["verdict"]["outcome"], "equivalent")
        with self.assertRaises(NotEquivalent):
            assert_equivalent(lambda per_device, accum: loops.train(per_device, accum, sums=True, means=True), SPLITS)

    def test_two_models_of_one_loss(self):
        def train(per_device, accum, means=False):
            body, head = loops.model_of(), torch.nn.Linear(loops.VOCAB, loops.VOCAB)
            class Both(torch.nn.Module):  # not seen as a module that is called: its parts are
                parameters = staticmethod(lambda: [*body.parameters(), *head.parameters()])
                __call__ = staticmethod(lambda batch: head(body(batch)))
            return loops.train(per_device, accum, means=means, model=Both())
        assert_equivalent(train, SPLITS)
        with self.assertRaises(NotEquivalent):
            assert_equivalent(lambda per_device, accum: train(per_device, accum, means=True), SPLITS)

    def judged_in_its_own_bits(self, recipe, model_of):
        with self.subTest(recipe):
            train = lambda per_device, accum, means=False: loops.train(per_device, accum, means=means, model=model_of(), optimizer_of=sgd)
            result = assert_equivalent(train, SPLITS)
            self.assertEqual([record["verdict"]["outcome"] for record in result["records"]], ["identical", "equivalent", "equivalent"])
            self.assertIn("--recipe " + recipe, result["records"][1]["trial"])
            with self.assertRaises(NotEquivalent) as caught:
                assert_equivalent(lambda per_device, accum: train(per_device, accum, True), SPLITS)
            self.assertIn("token-mean-of-means", caught.exception.result["findings"][0]["causes"])

    def test_narrow_trained_weights_are_judged_by_the_bits_of_their_sums(self):
        self.judged_in_its_own_bits("bf16-sum", lambda: loops.model_of().to(torch.bfloat16))
        self.judged_in_its_own_bits("fp16-sum", lambda: loops.model_of().to(torch.float16))

    def test_autocast_is_judged_by_the_bits_it_computes_in(self):
        self.judged_in_its_own_bits("bf16-autocast", lambda: Narrow(torch.bfloat16))
        self.judged_in_its_own_bits("fp16-autocast", lambda: Narrow(torch.float16))

    def test_a_type_that_nothing_is_summed_in_is_refused(self):
        def train(per_device, accum):
            weight = torch.nn.Parameter(torch.ones(4, dtype=torch.complex64))
            (weight * torch.randn(per_device, 4)).abs().sum().backward()
            torch.optim.SGD([weight], 0.1).step()
        self.assertIn("torch.complex64 are not supported yet: keep those in float32", self.refusal(train))

    def test_a_sharded_model_is_refused_before_its_memory_is_read(self):
        from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
        with tempfile.TemporaryDirectory() as folder:
            torch.distributed.init_process_group("gloo", init_method="file://" + os.path.join(folder, "meet"), rank=0, world_size=1)
            mesh = torch.distributed.init_device_mesh("cpu", (1,))
            try:
                for shard, name in ((lambda model: fully_shard(model, mesh=mesh), "DTensor"),
                                    (lambda model: FullyShardedDataParallel(model, device_id=torch.device("cpu")), "FullyShardedDataParallel")):
                    def train(per_device, accum, shard=shard):
                        model = shard(loops.model_of())
                        optimizer = torch.optim.SGD(model.parameters(), 0.1)
                        model(torch.zeros(per_device, 4, dtype=torch.long)).sum().backward()
                        optimizer.step()
                    self.assertIn("sharded (%s" % name, self.refusal(train))
            finally:
                torch.distributed.destroy_process_group()

    def test_an_optimizer_that_calls_its_closure_again_is_refused(self):
        def train(per_device, accum):
            model = torch.nn.Linear(3, 1)
            optimizer = torch.optim.LBFGS(model.parameters())
            def closure():
                optimizer.zero_grad()
                loss = model(torch.randn(per_device, 3)).pow(2).sum()
                loss.backward()
                return loss
            optimizer.step(closure)
        self.assertIn("try it with SGD or Adam", self.refusal(train))

    def test_an_optimizer_inside_the_backward_is_refused(self):
        def train(per_device, accum):
            model = torch.nn.Linear(3, 1)
            for p in model.parameters():
                own = torch.optim.SGD([p], 0.1)
                p.register_post_accumulate_grad_hook(lambda _, own=own: (own.step(), own.zero_grad()))
            model(torch.randn(per_device, 3)).sum().backward()
        self.assertIn("let it step after the last backward", self.refusal(train))


if __name__ == "__main__":
    unittest.main()
