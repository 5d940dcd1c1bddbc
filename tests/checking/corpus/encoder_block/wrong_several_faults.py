# role: encoder_block
# verdict: wrong
# fault: skip_from_normalised
# object: EncoderUnit
# about: three faults at once: the skip starts behind the norm, it is dropped, and the MLP runs twice
from torch import nn


class EncoderUnit(nn.Module):
    def __init__(self, width, n_head, p=0.2):
        super().__init__()
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.look = nn.MultiheadAttention(width, n_head, batch_first=True)
        self.think = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.p = nn.Dropout(p)

    def forward(self, tokens):
        tokens = self.before(tokens)
        seen = self.look(tokens, tokens, tokens)[0]
        tokens = seen + self.p(tokens)  # <<<
        thought = self.think(self.after(tokens))
        return self.p(thought) + self.think(thought)
