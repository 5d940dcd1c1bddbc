"""The plain words at the top of a report, in English and Korean, each from its own numbers."""

SUMMARY: dict[str, tuple[str, str]] = {
    "trained": (
        "{model} ({parameters:# parameter}) on {data}: {epochs:# epoch} on "
        "{train:# training sample}; {val:# sample} for validation, {test:,} for one test at the "
        "end.",
        "{data} 데이터로 학습한 {model}(매개변수 {parameters:,}개): 학습 샘플 {train:,}개로 "
        "{epochs:,} 에폭, 검증 샘플 "
        "{val:,}개, 마지막에 한 번 쓰는 테스트 샘플 {test:,}개.",
    ),
    "result": (
        "Test {goal}: {value}.",
        "테스트 {goal}: {value}.",
    ),
    "result.interval": (
        "Test {goal}: {value} (95 % interval {low} to {high}, {count:# sample}).",
        "테스트 {goal}: {value} (95 % 구간 {low} ~ {high}, 샘플 {count:,}개).",
    ),
    "better": (
        "The best baseline has {value} ({what}); this is better.",
        "가장 좋은 기준 모델은 {value}({what}). 이보다 좋음.",
    ),
    "tie": (
        "{ours} and {value} ({what}, the best baseline): no difference.",
        "{ours}, {value}(가장 좋은 기준 모델: {what}): 차이 없음.",
    ),
    "unclear": (
        "{ours} and {value} ({what}, the best baseline): {count:# test sample} cannot tell a "
        "difference.",
        "{ours}, {value}(가장 좋은 기준 모델: {what}): 테스트 샘플 {count:,}개로는 차이를 말할 수 "
        "없음.",
    ),
    "worse": (
        "It does NOT beat the best baseline, which has {value} ({what}).",
        "가장 좋은 기준 모델의 {value}({what})를 넘지 못함.",
    ),
    "much worse": (
        "It is MUCH WORSE than the best baseline, which has {value} ({what}).",
        "가장 좋은 기준 모델의 {value}({what})보다 훨씬 나쁨.",
    ),
    "others": ("Other baselines: {named}.", "다른 기준 모델: {named}."),
    "thinned": ("Of the baselines: {note}.", "기준 모델에 대하여: {note}."),
    "confuses": (
        "Most frequent confusion: {true} predicted as {said}, {count} of {of} ({share:.0%}).",
        "가장 흔한 혼동: {true}의 {of}개 중 {count}개({share:.0%})를 다음으로 예측함: {said}.",
    ),
    "confuses.among": (
        "Among its most frequent confusions: {true} predicted as {said}, {count} of {of} "
        "({share:.0%}); {ties:?one other is/others are} as frequent.",
        "가장 흔한 혼동 가운데 하나: {true}의 {of}개 중 {count}개({share:.0%})를 다음으로 "
        "예측함: {said}. 횟수가 같은 혼동이 "
        "{ties}개 더 있음.",
    ),
    "weakest": (
        "Class with the lowest recall: {weak}, {recall:.0%}.",
        "재현율이 가장 낮은 클래스: {weak}, {recall:.0%}.",
    ),
    "weakest.among": (
        "Lowest recall of a class: {recall:.0%}, for {weak} and {as_weak:# other class}.",
        "클래스별 재현율의 최저: {recall:.0%}. {weak} 외 클래스 {as_weak}개.",
    ),
    "confuses.nothing": (
        "It confuses none of the {count:# test sample}.",
        "테스트 샘플 {count:,}개 중 혼동한 것 없음.",
    ),
    "prior": (
        "Its codes {match} the prior: their energy distance to it is {ratio:.2f} times that of two "
        "draws of the prior (2 is the limit).",
        "코드가 사전 분포와 {match}: 에너지 거리가 사전 분포 표본 둘 사이의 {ratio:.2f}배(한도 2).",
    ),
    "prior.yes": ("match", "맞음"),
    "prior.no": ("do NOT match", "맞지 않음"),
    "generated": (
        "New images lie {new:.3g} from held-out ones, which lie {real:.3g} from each other "
        "(energy distance): {times:.1f} times as far.",
        "새 이미지와 테스트 이미지의 에너지 거리 {new:.3g}, 테스트 이미지끼리는 {real:.3g}: "
        "{times:.1f}배.",
    ),
    "best": (
        "Validation {goal} was best at epoch {best} of {epochs}.",
        "검증 {goal}: {epochs} 에폭 가운데 {best}번째 에폭에서 가장 좋았음.",
    ),
    "best.last": (
        "Validation {goal} was best at the last epoch, {best} of {epochs}.",
        "검증 {goal}: 마지막 에폭({best}/{epochs})에서 가장 좋았음.",
    ),
    "kept": (
        "The weights kept are those of epoch {best} of {epochs}.",
        "{epochs} 에폭 가운데 {best}번째 에폭의 가중치를 남김.",
    ),
    "kept.last": (
        "The weights kept are those of the last epoch, {epochs}: with {val:# validation sample}, "
        "which epoch looks best is mostly luck.",
        "마지막 {epochs}번째 에폭의 가중치를 남김: 검증 샘플이 {val}개뿐이라 어느 에폭이 가장 "
        "좋아 보이는지는 우연에 가까움.",
    ),
    "overfits": (
        "The model overfits: validation loss rose from {low:.3g} at epoch {epoch} to {end:.3g} "
        "at the end, while training loss went from {then:.3g} to {train:.3g}.",
        "과적합: 검증 손실은 {epoch}번째 에폭의 {low:.3g}에서 끝에는 {end:.3g}로 올랐고, 그동안 "
        "학습 손실은 {then:.3g}에서 "
        "{train:.3g}로 변함.",
    ),
    "under.falling": (
        "The model is under-trained: training loss still fell by {share:.0%} over the last fifth "
        "of the {epochs:# epoch}, to {last:.3g}, and validation improved with it.",
        "학습 부족: {epochs} 에폭의 마지막 5분의 1에서도 학습 손실이 {share:.0%} 줄어 "
        "{last:.3g}가 되었고 검증 결과도 함께 좋아짐.",
    ),
    "under.few": (
        "The model is under-trained: training had only {steps:# optimizer step}, and its loss is "
        "{last:.3g}, from {first:.3g} in the first epoch.",
        "학습 부족: 최적화 단계가 {steps:,}번뿐이고 학습 손실은 첫 에폭의 {first:.3g}에서 "
        "{last:.3g}가 됨.",
    ),
    "alone": (
        "No test sample is in the training data ({of:,} checked). Normalization statistics come "
        "from the training data only.",
        "학습 데이터에 들어 있는 테스트 샘플 없음({of:,}개 확인). 정규화 통계는 학습 "
        "데이터만으로 구함.",
    ),
    "shared": (
        "LEAK: {count:,} of {of:# test sample} {count:?is/are} in the training data too, so the "
        "test result is too good. Normalization statistics come from the training data only.",
        "누출: 테스트 샘플 {of:,}개 중 {count:,}개가 학습 데이터에도 있어 테스트 결과가 "
        "실제보다 좋게 나옴. 정규화 통계는 학습 데이터만으로 구함.",
    ),
    "in-order": (
        "Time goes one way: training ends with {last}, the test begins with {first}.",
        "시간 순서: 학습은 {last}까지, 테스트는 {first}부터.",
    ),
    "out-of-order": (
        "LEAK: training reaches {last}, and the test begins with {first}, which is not later.",
        "누출: 학습이 {last}까지인데 테스트가 그보다 늦지 않은 {first}부터 시작함.",
    ),
    "balanced": (
        "Classes are balanced: {least:# training sample} in each.",
        "클래스가 균형 잡힘: 클래스마다 학습 샘플 {least:,}개.",
    ),
    "similar": (
        "Classes are of similar size: {least:,} to {most:# training sample} in each.",
        "클래스 크기가 비슷함: 클래스마다 학습 샘플 {least:,} ~ {most:,}개.",
    ),
    "unbalanced": (
        "Classes are unbalanced: {many} has {most:# training sample}, {few} {least:,}.",
        "클래스 불균형: {many} 학습 샘플 {most:,}개, {few} {least:,}개.",
    ),
    "small.val": (
        "Only {count:# validation sample}: too few to choose between epochs or settings.",
        "검증 샘플이 {count}개뿐임: 에폭이나 설정을 고르기에는 너무 적음.",
    ),
    "small.test": (
        "Only {count:# test sample}: the test result can be far from that on new data.",
        "테스트 샘플이 {count}개뿐임: 새 데이터에서의 결과와 크게 다를 수 있음.",
    ),
    "note": (
        "Note: {note}.",
        "참고: {note}.",
    ),
    "behind.one": (
        "Every prediction for the {count:# test sample} is {name}: the model learned nothing that "
        "tells the classes apart. Check whether it can learn one batch (--first-aid overfit), then "
        "search the learning rate (--first-aid lr).",
        "모델이 테스트 샘플 {count:,}개를 모두 같은 클래스({name})로 예측함: 클래스를 구별하는 것을"
        " 배우지 못함. 배치 하나를 배울 수 있는지 확인한 다음(--first-aid overfit) 학습률을 찾을 것"
        "(--first-aid lr).",
    ),
    "behind.fits": (
        "The model fits its training data (loss {first:.3g} to {last:.3g}) but not the test data "
        "as well as the best baseline does: {train:# training sample} are few for "
        "{parameters:# parameter} of this architecture. More samples, data.augment or a smaller "
        "network help.",
        "학습 데이터에는 맞지만(손실 {first:.3g}에서 {last:.3g}) 테스트에서는 가장 좋은 기준 모델에"
        " 미치지 못함: 이 구조의 매개변수 {parameters:,}개에 학습 샘플 {train:,}개는 적음. 더 많은 "
        "샘플, data.augment 또는 더 작은 신경망이 도움이 됨.",
    ),
    "behind.unfit": (
        "The model does not fit its training data: the loss went from {first:.3g} to {last:.3g}. "
        "Search the learning rate (--first-aid lr), or train a larger network.",
        "모델이 학습 데이터에 맞지 않음: 손실이 {first:.3g}에서 {last:.3g}. 학습률을 찾거나"
        "(--first-aid lr) 더 큰 신경망을 학습할 것.",
    ),
    "try.longer": (
        "To try: --epochs {more} instead of {epochs}, because training was too short.",
        "해 볼 것: 학습이 짧았으므로 --epochs {more} ({epochs} 대신).",
    ),
    "try.less": (
        "To try: a smaller network, a larger --weight-decay or more training data, because the "
        "model overfits ({parameters:# parameter}, {train:# training sample}).",
        "해 볼 것: 과적합이므로 더 작은 신경망, 더 큰 --weight-decay 또는 더 많은 학습 "
        "데이터(매개변수 {parameters:,}개, 학습 샘플 "
        "{train:,}개).",
    ),
    "try.simpler.tie": (
        "To try: {what} itself, which needs no network and cannot be told apart from it here, or "
        "another preset.",
        "해 볼 것: 신경망 없이도 여기서는 차이가 없는 {what}, 또는 다른 프리셋.",
    ),
    "try.simpler.worse": (
        "To try: {what} itself, which does better without a network, or another preset.",
        "해 볼 것: 신경망 없이도 더 나은 {what}, 또는 다른 프리셋.",
    ),
    "try.simpler.much worse": (
        "To try: {what} itself, which does much better without a network; then more training or "
        "another learning rate or preset.",
        "해 볼 것: 신경망 없이도 훨씬 나은 {what}. 그다음 더 긴 학습, 다른 학습률이나 프리셋.",
    ),
    "try.look": (
        "To try: look at the {count:# sample} of {true} predicted as {said}, numbered in the "
        "confusion matrix. Are the labels right?",
        "해 볼 것: {true}인데 잘못 예측한 샘플 {count}개(예측: {said}, 혼동 행렬에 번호)의 "
        "라벨이 맞는지 확인.",
    ),
    "try.seeds": (
        "To try: several seeds (--seed) before you call another model better or worse: the 95 % "
        "interval is {width} points wide.",
        "해 볼 것: 95 % 구간 폭이 {width} 포인트이므로 다른 모델이 낫거나 못하다고 하기 전에 "
        "여러 시드(--seed)로 반복.",
    ),
    "try.prior": (
        "To try: more --epochs or a smaller model.latent_dim: codes lie {ratio:.1f} times as far "
        "from the prior as two draws of it.",
        "해 볼 것: --epochs를 늘리거나 model.latent_dim을 줄이기. 코드가 사전 분포에서 "
        "표본끼리의 {ratio:.1f}배 거리에 있음.",
    ),
    "try.width": (
        "To try: a longer code (model.latent_dim): {width:# number} {width:?leaves/leave} an "
        "error of {value}.",
        "해 볼 것: 더 긴 코드(model.latent_dim). 숫자 {width}개로는 오차가 {value}임.",
    ),
    "try.nothing": (
        "No change to try: none of the checks above found a problem.",
        "바꿀 것 없음: 위의 검사에서 문제가 나오지 않음.",
    ),
    "table.head": (
        "network|test result|best baseline|task and data|parameters|seconds|samples/s",
        "신경망|테스트 결과|가장 좋은 기준 모델|과제와 데이터|매개변수|초|초당 샘플",
    ),
    "what.logistic regression": ("logistic regression", "로지스틱 회귀"),
    "what.ridge regression": ("ridge regression", "릿지 회귀"),
    "what.linear map": ("linear map", "선형 사상"),
    "what.linear map of changes": ("linear map of changes", "변화량의 선형 사상"),
    "what.ridge on random convolutions": (
        "ridge on random convolutions",
        "무작위 합성곱의 릿지 회귀",
    ),
    "what.persistence": ("persistence", "마지막 값 유지"),
    "what.seasonal naive": ("seasonal naive", "한 주기 전 값"),
    "what.mean image": ("mean image", "평균 이미지"),
    "what.always say the training mean": (
        "always say the training mean",
        "항상 학습 데이터의 평균",
    ),
    "named.majority": (
        "always say {name}, the most frequent class",
        "항상 {name} 예측(가장 많은 클래스)",
    ),
    "named.pca": (
        "PCA, {numbers:# number}",
        "주성분 {numbers}개",
    ),
    "recipe": ("Recipe", "레시피"),
    "recipe.again": (
        "Run it again: etude train recipe.json",
        "다시 실행: etude train recipe.json",
    ),
    "film": (
        "The whole film: the same noise decoded after each epoch.",
        "전체 영상: 에폭마다 같은 잡음을 디코딩.",
    ),
    "results": ("Results", "결과"),
    "pictures": ("Pictures", "그림"),
    "comparison": ("Comparison {name}", "비교 {name}"),
    "runs": ("Each run", "각 실행"),
    "overlaid.title": ("Side by side", "나란히"),
    "overlaid.alt": (
        "Training loss and validation {goal} by epoch for {names}: means over seeds, and "
        "their span.",
        "에폭별 학습 손실과 검증 {goal}: {names}. 시드에 대한 평균과 범위.",
    ),
    "functions.alt": (
        "The function fitted by {names} over {points:# test point}.",
        "시험 데이터 {points}개와 맞춘 함수: {names}.",
    ),
    "difference.points": (" points", "%포인트"),
    "difference.none": (
        "No difference: {first} is {gap}{unit} ahead of {other} in test {goal}, and the 95 % "
        "interval, {low} to {high}{unit}, holds zero.",
        "차이 없음: 시험 {goal}에서 {first} 쪽이 {other}보다 {gap}{unit} 앞서지만 95 % 구간 "
        "{low} ~ {high}{unit} 안에 0이 있음.",
    ),
    "difference.equal": (
        "No difference: {first} and {other} have the same test {goal}.",
        "차이 없음: {first}, {other}의 시험 {goal} 같음.",
    ),
    "difference.some": (
        "{first} is better than {other} in test {goal}, by {low} to {high}{unit} (95 %).",
        "시험 {goal}: {first} 쪽이 {other}보다 {low} ~ {high}{unit} 좋음(95 %).",
    ),
    "difference.untold": (
        "{first} comes out before {other} in test {goal}, but these runs cannot tell a difference: "
        "repeat with more seeds.",
        "시험 {goal}: {first} 쪽이 {other}보다 앞섰으나 이 실행들로는 차이를 말할 수 없음. 더 많은 "
        "시드로 반복할 것.",
    ),
    "difference.corrected": (
        "Corrected for {count} comparisons, all pairs of these: were all equal, a difference would "
        "be claimed in at most 5 % of cases.",
        "모든 쌍, 곧 {count}번의 비교에 대해 보정함: 모두 같을 때 차이가 있다고 잘못 말하는 경우는 "
        "많아야 5 %.",
    ),
    "difference.single": (
        "One run each: this is of these networks on test samples, not of other seeds; repeat with "
        "several seeds.",
        "한 번씩의 실행: 이 신경망들의 테스트 샘플에 대한 것이며, 다른 시드는 다를 수 있음. 여러 "
        "시드로 반복할 것.",
    ),
    "difference.head": (
        "group|runs|mean test result|95 % interval|span|parameters|seconds",
        "묶음|실행|시험 결과 평균|95 % 구간|범위|매개변수|초",
    ),
    "metric.accuracy": ("accuracy", "정확도"),
    "metric.mae": ("mean absolute error", "평균 절대 오차"),
    "metric.reconstruction": ("reconstruction error", "복원 오차"),
}
