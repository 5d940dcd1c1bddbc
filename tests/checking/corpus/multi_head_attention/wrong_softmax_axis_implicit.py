# role: multi_head_attention
# verdict: wrong
# fault: softmax_axis
# object: Attention
# about: nn.Softmax without a dim takes axis 0 of a 3-D tensor, which is the batch
# round: held-out
import torch
import torch.nn as nn


class Attention(nn.Module):
    """ Luong-style scaled dot attention over encoder outputs """

    def __init__(self):
        super(Attention, self).__init__()
        self.softmax = nn.Softmax()  # <<<

    def forward(self, decoder_out, encoder_out):
        # decoder_out: [N, T, D], encoder_out: [N, S, D]
        score = torch.bmm(decoder_out, encoder_out.transpose(1, 2))
        score = score / (encoder_out.size(2) ** 0.5)
        weight = self.softmax(score)
        context = torch.bmm(weight, encoder_out)
        return context, weight
