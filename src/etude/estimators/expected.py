"""The checks of scikit-learn that training by mini-batches cannot pass, and why."""

from sklearn.utils.validation import has_fit_parameter

SAMPLE_WEIGHTS = (
    "a weight of 2 multiplies the loss of a sample within its mini-batch; the same sample twice is "
    "drawn twice, into different mini-batches, so the updates differ"
)


def expected_failed_checks(estimator: object) -> dict[str, str]:
    """The reasons by the name of the check: the argument `expected_failed_checks` of
    `sklearn.utils.estimator_checks.check_estimator`. The same one for every estimator of this
    package that takes sample weights."""
    if not has_fit_parameter(estimator, "sample_weight"):
        return {}
    return {"check_sample_weight_equivalence_on_dense_data": SAMPLE_WEIGHTS}
