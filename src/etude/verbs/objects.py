"""Python objects in place of names: data in memory and modules of the user's own."""

from typing import TYPE_CHECKING

from etude.verbs.arguments import data_name, is_module, is_name, model_name

if TYPE_CHECKING:
    from etude.loading import Objects


def parted(data: object, model: object) -> tuple[str | None, "Objects"]:
    """(the name or path of the data, what are objects) of two arguments that may be either.

    Raises UsageError for a model that is neither a name nor a module.
    """
    # Here and not at the top, because it loads torch.
    from etude.loading import Objects

    module = model if is_module(model) else None
    if module is None and model is not None:
        model_name(model)  # which raises for a class and for anything else that is no name
    if is_name(data):
        return data_name(data), Objects(module=module)
    return None, Objects(data=data, module=module)
