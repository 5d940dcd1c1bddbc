# role: dropout
# verdict: wrong
# fault: rescaled_in_eval
# object: Dropout
# about: multiplies by 1 - p in evaluation although training already divided

import torch
import torch.nn as nn


class Dropout(nn.Module):
    def __init__(self, dropout_ratio=0.5):
        super().__init__()
        self.dropout_ratio = dropout_ratio

    def forward(self, x):
        keep_ratio = 1.0 - self.dropout_ratio
        if self.training:
            # 순전파 때마다 삭제할 뉴런을 무작위로 선택
            mask = torch.rand(*x.shape, device=x.device) > self.dropout_ratio
            return x * mask / keep_ratio
        else:
            return x * keep_ratio  # <<<
