# role: encoder_block
# verdict: wrong
# fault: skip_from_normalised
# object: TransformerEncoder
# about: the second residual is taken from the output of norm_mlp
import torch
import torch.nn as nn


class TransformerEncoder(nn.Module):
    def __init__(self, feats: int, head: int = 4, mlp_hidden: int = None, dropout: float = 0.):
        super(TransformerEncoder, self).__init__()
        mlp_hidden = mlp_hidden or feats * 4
        self.norm_att = nn.LayerNorm(feats)
        self.norm_mlp = nn.LayerNorm(feats)
        self.q = nn.Linear(feats, feats)
        self.k = nn.Linear(feats, feats)
        self.v = nn.Linear(feats, feats)
        self.o = nn.Linear(feats, feats)
        self.head = head
        self.mlp = nn.Sequential(
            nn.Linear(feats, mlp_hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(mlp_hidden, feats),
            nn.Dropout(dropout),
        )

    def msa(self, x):
        b, n, f = x.size()
        q = self.q(x).view(b, n, self.head, f // self.head).transpose(1, 2)
        k = self.k(x).view(b, n, self.head, f // self.head).transpose(1, 2)
        v = self.v(x).view(b, n, self.head, f // self.head).transpose(1, 2)
        score = torch.softmax(torch.einsum("bhif, bhjf->bhij", q, k) / (f // self.head) ** 0.5, dim=-1)
        attn = torch.einsum("bhij, bhjf->bihf", score, v)
        return self.o(attn.flatten(2))

    def forward(self, x):
        out = self.msa(self.norm_att(x)) + x
        out = self.norm_mlp(out)  # <<<
        return self.mlp(out) + out
