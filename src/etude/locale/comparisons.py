"""What is said of a duel, in English and Korean."""

DUELS: dict[str, tuple[str, str]] = {
    "count.contender": ("{count} contender|{count} contenders", "참가자 {count}명"),
    "count.rate": ("{count} learning rate|{count} learning rates", "학습률 {count}개"),
    "count.seed": ("{count} seed|{count} seeds", "시드 {count}개"),
    "count.fresh": ("{count} fresh seed|{count} fresh seeds", "새 시드 {count}개"),
    "count.run": ("{count} run|{count} runs", "실행 {count}번"),
    "count.trial": ("{count} trial|{count} trials", "시도 {count}개"),
    "count.epoch": ("{count:g} epoch|{count:g} epochs", "{count:g} 에폭"),
    "duel.searched": (
        "By rules: {contenders}, each at {rates} from {low:g} to {high:g} ({schedules}), {seeds} "
        "for each rate; the best by validation, and the preset's own rate, again on {fresh}. Only "
        "these last runs were tested.",
        "규칙에 따른 비교: {contenders}, 저마다 {low:g} ~ {high:g} 가운데 {rates}({schedules}), "
        "학습률마다 {seeds}. 검증에서 가장 좋은 학습률과 프리셋의 학습률을 {fresh}로 다시 학습하고 "
        "그때만 시험함.",
    ),
    "duel.winner": (
        "The winner is {first}, each with its own best rate.",
        "승자: {first}. 저마다 가장 좋은 학습률에서.",
    ),
    "duel.even": (
        "No difference between {names}, each with its own best rate: there is no winner.",
        "저마다 가장 좋은 학습률에서 {names}: 차이 없음. 승자 없음.",
    ),
    "duel.unclear": (
        "{names} come out alike or too close to tell, each with its own best rate: there is no "
        "winner.",
        "저마다 가장 좋은 학습률에서 {names}: 차이가 없거나 말할 수 없음. 승자 없음.",
    ),
    "duel.unfair": (
        "One learning rate{rate} for all is not a fair comparison: each optimizer has its own best "
        "one.",
        "모두에게 같은 학습률{rate}: 공정한 비교가 아님. 옵티마이저마다 가장 좋은 학습률이 다름.",
    ),
    "duel.apart": (
        "These runs have different measures ({goals}), so that none can be called better.",
        "실행마다 재는 것({goals})이 달라 어느 쪽이 낫다고 할 수 없음.",
    ),
    "duel.only": (
        "{name}, at its best rate {rate:g}: test {goal} {value}.",
        "{name}: 가장 좋은 학습률 {rate:g}에서 시험 {goal} {value}.",
    ),
    "duel.default.one": (
        "At one rate for all (the preset's, {rate:g}) it would have been said: {said}",
        "모두에게 같은 학습률(프리셋의 {rate:g})이었다면: {said}",
    ),
    "duel.default.own": (
        "At each preset's own rate it would have been said: {said}",
        "저마다 프리셋의 학습률이었다면: {said}",
    ),
    "duel.runs": (
        "Runs spent, on the search and on fresh seeds: {each}.",
        "쓴 실행 수(탐색 + 새 시드): {each}.",
    ),
    "duel.down": (
        "{name}: the lowest of these was the best, so lower ones were tried, down to {end:g}.",
        "{name}: 가장 낮은 학습률이 가장 좋아 더 낮은 학습률을 {end:g}까지 시도함.",
    ),
    "duel.up": (
        "{name}: the highest of these was the best, so higher ones were tried, up to {end:g}.",
        "{name}: 가장 높은 학습률이 가장 좋아 더 높은 학습률을 {end:g}까지 시도함.",
    ),
    "duel.edge": (
        "{name}: its best rate, {rate:g}, is the last that was tried on that side; one beyond it "
        "may be better still.",
        "{name}: 가장 좋은 학습률 {rate:g} 너머는 시도하지 않았음. 더 좋을 수 있음.",
    ),
    "duel.diverging": (
        "{name}: {count} of {all} of the search diverged, at {rates}.",
        "{name}: 탐색의 {all} 가운데 {count}번 발산(학습률 {rates}).",
    ),
    "duel.hopeless": (
        "{name}: a run diverged at every rate, so none could be chosen.",
        "{name}: 모든 학습률에서 발산하여 고를 수 없음.",
    ),
    "duel.fresh": (
        "{name} at {rate:g}: {count} of {all} diverged; its numbers are those of the others.",
        "{name}, 학습률 {rate:g}: {all} 가운데 {count}개 발산. 수치는 나머지에 대한 것.",
    ),
    "duel.diverged": ("{name} diverged: {why}", "{name}: 발산. {why}"),
    "duel.target.given": (
        "Training until validation {goal} is {target}, median of fresh seeds: {each}.",
        "검증 {goal} {target}까지 학습(새 시드의 중앙값): {each}.",
    ),
    "duel.target.found": (
        "Training until validation {goal} is {target}, which most runs of each reach; median of "
        "fresh seeds: {each}.",
        "저마다 절반 넘게 도달하는 검증 {goal} {target}까지 학습(새 시드의 중앙값): {each}.",
    ),
    "duel.time": (
        "{name} {epochs} ({seconds:.2g} s)",
        "{name} {epochs}({seconds:.2g}초)",
    ),
    "duel.short": ("{epochs}, {seconds:.2g} s", "{epochs}, {seconds:.2g}초"),
    "duel.never": (
        "{name} not in {epochs} ({reached} of {all})",
        "{name} {epochs} 안에 도달 못 함({all} 중 {reached}번 도달)",
    ),
    "duel.clock": (
        "{search:.0f} s of search, {finals:.0f} s of runs on fresh seeds.",
        "탐색 {search:.0f}초, 새 시드 {finals:.0f}초.",
    ),
    "duel.clock.plain": ("{runs:.0f} s in all.", "모두 {runs:.0f}초."),
    "duel.head": (
        "contender|best rate|validation|test on fresh seeds (95 %), median|at the preset's rate|"
        "to target|runs",
        "참가자|가장 좋은 학습률|검증|새 시드에서 시험(95 %), 중앙값|프리셋의 학습률에서|"
        "목표까지|실행",
    ),
    "difference.only": (
        "{name}: test {goal} {value} ({runs}).",
        "{name}: 시험 {goal} {value}({runs}).",
    ),
    "difference.only.interval": (
        "{name}: test {goal} {value} (95 % interval {low} to {high}, {runs}).",
        "{name}: 시험 {goal} {value}(95 % 구간 {low} ~ {high}, {runs}).",
    ),
    "board.data": (
        "These runs have different data: their results say nothing of each other, and none is "
        "called better.",
        "실행마다 데이터가 달라 결과를 서로 비교할 수 없으며, 어느 쪽이 낫다고 하지 않음.",
    ),
    "board.some": (
        "{first} is better in test {goal} than: {names}.",
        "시험 {goal}: {first} 쪽이 더 좋음. 비교한 것: {names}.",
    ),
    "board.none": (
        "No difference in test {goal} between {first} and: {names}.",
        "시험 {goal}에서 {first}, {names}: 차이 없음.",
    ),
    "board.untold": (
        "{first} comes out before these in test {goal}, but the runs cannot tell a difference: "
        "{names}. Repeat with more seeds.",
        "시험 {goal}: {first} 쪽이 {names}보다 앞섰으나 이 실행들로는 차이를 말할 수 없음. 더 많은 "
        "시드로 반복할 것.",
    ),
    "board.head": (
        "data|rank|run|runs|test result|95 % interval|beside the first|parameters|seconds",
        "데이터|순위|이름|실행|시험 결과|95 % 구간|첫째에 견주어|매개변수|초",
    ),
    "board.beside.some": ("worse by {low} to {high}{unit}", "{low} ~ {high}{unit} 나쁨"),
    "board.beside.none": ("no difference", "차이 없음"),
    "board.beside.untold": ("cannot be told", "말할 수 없음"),
    "board.differs": ("What differs in the recipes", "레시피에서 다른 것"),
    "board.differ": ("{field} differs: {each}.", "{field} 다름: {each}."),
    "board.same": (
        "Their recipes differ in nothing but the seed and how they were computed.",
        "시드와 계산 방법 말고는 레시피가 같음.",
    ),
    "board.field": ("field", "항목"),
    "board.left_out": ("Left out", "뺀 것"),
    "board.unfinished": (
        "{count} left out, which did not finish or cannot be read: {names}.",
        "끝나지 않았거나 읽을 수 없는 {count} 뺌: {names}.",
    ),
    "rates.title": ("Every learning rate", "모든 학습률"),
    "rates.alt": (
        "Validation {goal} by learning rate for {names}: means over {seeds} with their span; "
        "chosen {chosen}; diverged {diverged}.",
        "학습률에 따른 검증 {goal}: {names}. {seeds}의 평균과 범위. 고른 학습률 {chosen}. "
        "발산 {diverged}.",
    ),
    "tuned.title": ("Own best rate, and one for all", "가장 좋은 학습률과 공통 학습률"),
    "tuned.alt": (
        "Test {goal} on fresh seeds, each run a dot, means with 95 % intervals: {each}.",
        "새 시드의 시험 {goal}. 점 하나가 실행 하나, 평균과 95 % 구간: {each}.",
    ),
    "target.title": ("Time to target", "목표까지의 시간"),
    "target.alt": (
        "Epochs and seconds of training until validation {goal} is {target}, each run a dot, "
        "medians as lines: {each}.",
        "검증 {goal} {target}까지의 에폭과 학습 시간. 점 하나가 실행 하나, 선은 중앙값: {each}.",
    ),
}
