"""What the report of a search says, in English and Korean."""

SEARCHES: dict[str, tuple[str, str]] = {
    "tune": ("The search {name}", "탐색 {name}"),
    "tune.said": (
        "Best of {trials} by validation: number {number}, {goal} {value}, with {fields}.",
        "{trials} 가운데 검증에서 가장 좋은 것은 {number}번: {goal} {value}, {fields}.",
    ),
    "tune.tested": (
        "Trained again from a fresh seed and tested once: {goal} {test} ({path}). A search also "
        "picks what was lucky, so expect the test result to be worse than the validation result "
        "that was chosen.",
        "새 시드로 다시 학습해 한 번 시험한 결과: {goal} {test} ({path}). 탐색은 운이 좋았던 것도 "
        "고르므로, 시험 결과는 이긴 검증 결과보다 나쁠 수 있습니다.",
    ),
    "tune.lost": (
        "{lost} of {trials} gave no result: a loss diverged, or the parts did not fit together.",
        "{trials} 중 {lost}개는 결과가 없습니다: 발산했거나 구성이 맞지 않았습니다.",
    ),
    "tune.head": ("trial|validation|seconds", "시도|검증|초"),
    "tune.history.title": ("How the search went", "탐색 과정"),
    "tune.history.alt": (
        "Validation {goal} of {trials} in their order, and the best so far.",
        "{trials}의 검증 {goal}(순서대로)과 그때까지의 최고.",
    ),
    "tune.fields.title": ("What mattered", "무엇이 중요했나"),
    "tune.fields.alt": (
        "Validation {goal} against each field searched ({names}); the star is the winner.",
        "탐색한 항목({names})마다의 검증 {goal}. 별표가 이긴 것.",
    ),
}
