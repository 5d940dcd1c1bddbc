# role: multi_head_attention
# verdict: wrong
# fault: layers_in_python_list
# object: MyMSA
# about: the layers of the heads sit in plain python lists, parameters() does not see them
import torch
import torch.nn as nn


class MyMSA(nn.Module):
    def __init__(self, d, n_heads=2):
        super(MyMSA, self).__init__()
        self.d = d
        self.n_heads = n_heads

        assert d % n_heads == 0, f"Can't divide dimension {d} into {n_heads} heads"

        self.d_head = int(d / n_heads)
        self.heads = [nn.Linear(d, 3 * self.d_head) for _ in range(n_heads)]  # <<<
        self.out = nn.Linear(d, d)
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, sequences):
        # sequences has shape (N, seq_length, token_dim)
        result = []
        for head in self.heads:
            q, k, v = head(sequences).chunk(3, dim=-1)
            attention = self.softmax(q @ k.transpose(1, 2) / (self.d_head ** 0.5))
            result.append(attention @ v)
        return self.out(torch.cat(result, dim=-1))
