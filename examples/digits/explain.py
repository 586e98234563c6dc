"""Digits 0 against 1: a network 64-128-128-3-3-3-1 is trained, and its last three layers are explained, whole.

python examples/digits/explain.py            the digits that come with scikit-learn; needs no network
python examples/digits/explain.py --mnist    MNIST, which scikit-learn downloads

Processors train in other last bits, so that what is found differs from one kind of machine to another. What was
explained is kept beside the audit (tail.json, points.csv, labels.csv); here are these files of one run.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

import everyhow as eh

EPOCHS, BATCH = 60, 32
FOLDER = Path("runs/digits")


def images(mnist: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images of 0 and 1 with values from 0 to 1, and their labels."""
    from sklearn.datasets import fetch_openml, load_digits

    if mnist:
        pixels, labels = fetch_openml("mnist_784", return_X_y=True, as_frame=False)
    else:
        pixels, labels = load_digits(return_X_y=True)
    labels = np.asarray(labels).astype(int)
    return (pixels[labels < 2] / pixels.max()).astype(np.float32), labels[labels < 2]


def block(before: int, width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(before, width), nn.LeakyReLU())


def trained(pixels: torch.Tensor, labels: torch.Tensor) -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(
        block(pixels.shape[1], 128), block(128, 128), block(128, 3), block(3, 3), block(3, 3), nn.Linear(3, 1)
    )
    steps = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(pixels)).split(BATCH):
            loss = nn.functional.mse_loss(model(pixels[rows])[:, 0], labels[rows].float())
            steps.zero_grad()
            loss.backward()
            steps.step()
    return model.eval()


def main(mnist: bool) -> None:
    torch.set_num_threads(1)
    pixels, labels = (torch.from_numpy(one) for one in images(mnist))
    model = trained(pixels, labels)

    # The last three layers, 3-3-3-1, with what enters them.
    tail = model[-3:]
    data = torch.utils.data.TensorDataset(pixels, labels)
    captured = eh.capture(model, tail, torch.utils.data.DataLoader(data, batch_size=256))
    network = eh.from_torch(tail, data=captured.points, threshold=0.5)  # trained towards 0 and 1
    print(f"{network}: {network.origin.checked_on}, largest difference {network.origin.largest_difference:.1g}, "
          f"decisions changed {network.origin.decisions_changed}")  # fmt: skip

    behavior = eh.Behavior.of_data(captured.points, captured.labels, epsilon=0.01)
    audit = eh.audit_behavior(network, behavior, progress=True)
    print(audit)
    for name, number in audit.counts.items():
        print(f"  {name:<38} {number:,}" if number is not None else f"  {name:<38} not counted")
    print(f"  {audit.save(FOLDER)}, {audit.report(FOLDER / 'report.html')}")
    eh.save_network(network, FOLDER / "tail.json")
    np.savetxt(FOLDER / "points.csv", captured.points, "%.17g", ",")
    np.savetxt(FOLDER / "labels.csv", captured.labels, "%d")


if __name__ == "__main__":
    main("--mnist" in sys.argv[1:])
