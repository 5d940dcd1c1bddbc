# role: network
# verdict: wrong
# fault: batch_mixed
# object: PixelNet
# about: channels are moved to the front before the samples are cut apart by view
from torch import nn


class PixelNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.out = nn.Linear(6 * 8 * 8, 5)

    def forward(self, x):
        n = x.shape[0]
        h = self.conv(x).relu()
        h = h.permute(1, 0, 2, 3).reshape(n, -1)  # <<<
        return self.out(h)
