"""Writes a small network by both of PyTorch's exporters, and what it answers before its softmax; takes torch, onnx and onnxscript.

    python3 export.py

The files beside this one were written by PyTorch 2.15.
"""

import pathlib

import onnx
import torch
from torch import nn

HERE = pathlib.Path(__file__).parent


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.pool = nn.AvgPool2d(2)
        self.out = nn.Linear(4 * 4 * 4, 10)

    def scores(self, x):
        x = self.pool(torch.relu(self.norm(self.conv(x))))
        return self.out(torch.flatten(x, 1))

    def forward(self, x):
        return torch.softmax(self.scores(x), 1)


torch.manual_seed(1)
net = Net()
net.norm.running_mean.normal_()
net.norm.running_var.uniform_(0.5, 2)
net.eval()
ramp = (torch.arange(64.0) / 64).reshape(1, 1, 8, 8)
torch.onnx.export(net, (ramp,), HERE / "dynamo.onnx", dynamo=True, external_data=False)
torch.onnx.export(net, (ramp,), str(HERE / "script.onnx"), dynamo=False)
for path in HERE.glob("*.onnx"):
    # Traces of where it was exported.
    model = onnx.load(path)
    for part in [model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info]:
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)
scores = net.scores(ramp)[0].tolist()
(HERE / "scores.txt").write_text("\n".join(f"{score:.7f}" for score in scores) + "\n")
