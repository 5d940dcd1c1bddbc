# role: transformer
# verdict: wrong
# fault: mask_inverted
# object: SentenceEncoder
# about: src_key_padding_mask wants True for padding and gets True for words
# round: held-out
import torch
import torch.nn as nn

PAD = 0


class SentenceEncoder(nn.Module):
    """ids [N, L] (0 is padding) -> logits [N, n_classes]"""

    def __init__(self, n_vocab=50, n_classes=2, d=32, heads=4, depth=2, max_len=100, p=0.1):
        super().__init__()
        self.word = nn.Embedding(n_vocab, d, padding_idx=PAD)
        self.place = nn.Parameter(torch.randn(max_len, d) * 0.02)
        block = nn.TransformerEncoderLayer(d, heads, 4 * d, p, batch_first=True)
        self.body = nn.TransformerEncoder(block, depth, enable_nested_tensor=False)
        self.head = nn.Linear(d, n_classes)

    def forward(self, ids):
        is_word = ids.ne(PAD)
        x = self.word(ids) + self.place[: ids.shape[1]]
        x = self.body(x, src_key_padding_mask=is_word)  # <<<
        weight = is_word.unsqueeze(-1).to(x.dtype)
        mean = (x * weight).sum(1) / weight.sum(1)
        return self.head(mean)
