# role: transformer
# verdict: wrong
# fault: only_first_layer_used
# object: TextEncoder
# about: the loop over the layers returns in its first round
import torch
import torch.nn as nn


class TextEncoder(nn.Module):
    """token ids [N, L] -> features [N, L, d_model]"""

    def __init__(self, vocab_size=50, d_model=32, n_head=4, n_layer=3, max_len=64):
        super().__init__()
        self.tok = nn.Embedding(vocab_size, d_model)
        self.pos = nn.Embedding(max_len, d_model)
        self.layers = nn.ModuleList([
            nn.TransformerEncoderLayer(d_model, n_head, 2 * d_model, dropout=0.1, batch_first=True)
            for _ in range(n_layer)
        ])

    def forward(self, ids):
        n, l = ids.shape
        x = self.tok(ids) + self.pos(torch.arange(l, device=ids.device))
        for enc in self.layers:
            x = enc(x)
            return x  # <<<
        return x
