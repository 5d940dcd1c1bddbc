"""What the examiner says: a sentence a fault, in English and Korean, a file a family of roles.

fault_CODE: what is wrong, what it does to learning, the mend. role_NAME, variant_NAME, held_NAME,
check_NAME: a role, an unusual but right choice, what held, why something could not be judged.
"""

from etude.locale.faults.adversarial import ADVERSARIAL
from etude.locale.faults.attention import ATTENTION
from etude.locale.faults.caged import CAGED
from etude.locale.faults.general import GENERAL
from etude.locale.faults.layers import LAYERS
from etude.locale.faults.recurrent import RECURRENT
from etude.locale.faults.training import TRAINING

FAMILIES = (GENERAL, CAGED, ATTENTION, LAYERS, RECURRENT, TRAINING, ADVERSARIAL)
FAULTS: dict[str, tuple[str, str]] = {
    key: said for family in FAMILIES for key, said in family.items()
}
