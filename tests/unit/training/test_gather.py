"""Two processes that share a batch train as one process with the whole of it."""

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

from avse.models.vatt import VATT, Clips, VATTConfig
from avse.training.gather import gather

CONFIG = VATTConfig(
    video="tiny", audio="tiny", text="tiny", n_frames=4, height=16, width=16, n_samples=512, patch=(4, 16, 16),
    vocabulary=64, dims=(16, 8), drop_rate=0.0,
)  # fmt: skip


def _clips(start, end):
    generator = torch.Generator().manual_seed(0)
    whole = Clips(
        torch.rand(6, 4, 3, 16, 16, generator=generator).double(),
        torch.randn(6, 512, generator=generator).double(),
        torch.randint(1, 64, (6, 2, 16), generator=generator),
        torch.tensor([True, True, False, True, True, True]),
        torch.tensor([True, False, True, True, True, False]),
    )
    return Clips(*(field[start:end] for field in whole))


def _step(model, clips):
    loss = model(clips, gather=gather).total
    loss.backward()
    network = getattr(model, "module", model)
    return loss.detach(), {name: p.grad for name, p in network.named_parameters()}


def _process(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = DistributedDataParallel(VATT.build(CONFIG).double())
    torch.save(_step(model, _clips(3 * rank, 3 * rank + 3)), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_loss_and_gradients_are_those_of_one_process(tmp_path):
    mp.spawn(_process, args=(str(tmp_path),), nprocs=2)
    torch.manual_seed(0)
    loss, gradients = _step(VATT.build(CONFIG).double(), _clips(0, 6))
    for rank in (0, 1):
        shared_loss, shared = torch.load(tmp_path / f"{rank}.pt")
        torch.testing.assert_close(shared_loss, loss)
        assert shared.keys() == gradients.keys()
        for name, gradient in gradients.items():
            torch.testing.assert_close(shared[name], gradient, atol=1e-5, rtol=1e-3, msg=lambda m, n=name: f"{n}: {m}")


def test_one_process_gathers_nothing():
    tensor = torch.ones(3)
    assert gather(tensor) is tensor
