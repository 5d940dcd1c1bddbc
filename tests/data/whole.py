"""A split as one Batch, prepared as training, evaluation and prediction prepare it."""

import numpy as np
import torch

from etude.data.card import Card
from etude.data.dataset import Split
from etude.data.resident import Resident
from etude.shapes import Batch


def prepare(split: Split, card: Card, device: torch.device) -> Batch:
    """All samples, in order, without augmentation."""
    return Resident(split, card, device).take(np.arange(len(split)))
