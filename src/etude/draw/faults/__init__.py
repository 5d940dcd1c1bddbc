"""What the examiner says: a sentence a fault, in English and Korean, a file a family of roles.

fault_CODE: what is wrong, what it does to learning, the mend. role_NAME, variant_NAME, held_NAME,
check_NAME: a role, an unusual but right choice, what held, why something could not be judged.
"""

from etude.draw.faults.adversarial import ADVERSARIAL
from etude.draw.faults.attention import ATTENTION
from etude.draw.faults.caged import CAGED
from etude.draw.faults.general import GENERAL
from etude.draw.faults.layers import LAYERS
from etude.draw.faults.recurrent import RECURRENT
from etude.draw.faults.training import TRAINING

FAMILIES = (GENERAL, CAGED, ATTENTION, LAYERS, RECURRENT, TRAINING, ADVERSARIAL)
FAULTS: dict[str, tuple[str, str]] = {
    key: said for family in FAMILIES for key, said in family.items()
}
