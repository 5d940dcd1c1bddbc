"""Why a submission could not be judged in its cage, and what a report of marks says."""

CAGED: dict[str, tuple[str, str]] = {
    "check_empty": (
        "{name}: the file defines no class and no function of its own.",
        "{name}: 파일에 직접 정의한 클래스나 함수가 없습니다.",
    ),
    "check_time": (
        "{name}: it was not done after {seconds} s and was stopped; look for a loop without an end, or for training that starts when the file is imported (put that below if __name__ == '__main__').",
        "{name}: {seconds}초 안에 끝나지 않아 중단했습니다. 끝나지 않는 반복문이나, 파일을 불러오기만 해도 시작되는 학습이 있는지 보세요 (if __name__ == '__main__' 아래로 옮기세요).",
    ),
    "check_memory": (
        "{name}: it asks for more memory than a submission may have; look for a tensor of a size that was not meant.",
        "{name}: 허용된 것보다 많은 메모리를 요구합니다. 의도하지 않은 크기의 텐서가 있는지 보세요.",
    ),
    "check_died": (
        "{name}: its process ended before there was a verdict ({how}).",
        "{name}: 판정 전에 프로세스가 끝났습니다 ({how}).",
    ),
    "check_forbidden_files": (
        "{name}: line {line} changes a file outside of its folder ({what}), which a submission may not; put it below if __name__ == '__main__'.",
        "{name}: {line}번째 줄에서 허용된 폴더 밖의 파일을 바꾸려 합니다 ({what}). if __name__ == '__main__' 아래로 옮기세요.",
    ),
    "check_forbidden_network": (
        "{name}: line {line} uses the network ({what}), which a submission may not; put it below if __name__ == '__main__'.",
        "{name}: {line}번째 줄에서 네트워크를 쓰려 합니다 ({what}). if __name__ == '__main__' 아래로 옮기세요.",
    ),
    "check_forbidden_processes": (
        "{name}: line {line} starts or signals a process ({what}), which a submission may not; put it below if __name__ == '__main__'.",
        "{name}: {line}번째 줄에서 다른 프로세스를 시작하거나 신호를 보내려 합니다 ({what}). if __name__ == '__main__' 아래로 옮기세요.",
    ),
    "check_forbidden_memory": (
        "{name}: line {line} reaches below Python ({what}), which a submission may not.",
        "{name}: {line}번째 줄에서 파이썬 아래의 메모리에 손을 댑니다 ({what}). 허용되지 않습니다.",
    ),
    "marks_title": ("Marks: {what}", "채점: {what}"),
    "marks_right": ("right", "맞음"),
    "marks_wrong": ("wrong", "틀림"),
    "marks_unknown": ("not judged", "판정 못 함"),
    "marks_counts": (
        "{count} submissions: {right} right, {wrong} wrong, {unknown} not judged.",
        "제출물 {count}개: 맞음 {right}, 틀림 {wrong}, 판정 못 함 {unknown}.",
    ),
    "marks_none": ("No Python file is in {what}.", "{what} 에 파이썬 파일이 없습니다."),
    "marks_cage": (
        "Each was judged in a process of its own, at most {seconds} s; what held: {holds}.",
        "제출물마다 별도 프로세스에서 {seconds}초까지 판정했습니다. 작동한 보호: {holds}.",
    ),
    "marks_faults": ("Faults, and how many have each", "잘못의 종류와 개수"),
    "marks_head": ("submission|verdict|what is said|where", "제출물|판정|내용|위치"),
    "marks_evidence": ("evidence|expected|found", "근거|기대|실제"),
    "marks_taken": ("{name}, taken for {role}", "{name}: {role}(으)로 보고 판정함"),
    "marks_also": ("also", "또한"),
    "marks_steps": ("steps of the reference", "기준 구현의 단계"),
    "marks_there": ("found", "있음"),
    "marks_missing": ("not found", "없음"),
    "marks_checked": ("checked", "확인한 것"),
    "marks_variants": ("variants, not faults", "잘못이 아닌 변형"),
    "held_limits": ("limits of time and memory", "시간과 메모리 제한"),
    "held_files": ("no files (kernel)", "파일 금지 (커널)"),
    "held_network": ("no network, no processes (kernel)", "네트워크·프로세스 금지 (커널)"),
    "held_fence": ("an audit hook", "파이썬의 audit hook"),
}
