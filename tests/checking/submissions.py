"""Right, wrong and hostile submissions, as text."""

HEAD = """import ctypes, math, os, socket, subprocess, sys, tempfile, threading, time

import torch
from torch import nn

"""

ATTENTION = """
def attention(q, k, v):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
    return scores.softmax(-1) @ v
"""

MULTI_HEAD = """

class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.h, self.d = n_heads, d_model // n_heads
        self.q = nn.Linear(d_model, d_model)
        self.k = nn.Linear(d_model, d_model)
        self.v = nn.Linear(d_model, d_model)
        self.o = nn.Linear(d_model, d_model)

    def forward(self, x):
        n, length, width = x.shape
        q, k, v = (
            f(x).view(n, length, self.h, self.d).transpose(1, 2) for f in (self.q, self.k, self.v)
        )
        a = (q @ k.transpose(-2, -1) / math.sqrt(self.d)).softmax(-1)
        return self.o((a @ v).transpose(1, 2).reshape(n, length, width))
"""

ALWAYS_DROPS = MULTI_HEAD.replace(
    "        return", "        a = nn.functional.dropout(a, 0.1)\n        return"
)
LISTED = MULTI_HEAD.replace(
    "self.o = nn.Linear(d_model, d_model)", "self.o = [nn.Linear(d_model, d_model)]"
).replace("self.o(", "self.o[0](")

LOW = "libc = ctypes.CDLL(None, use_errno=True)\n"
HOSTILE = {
    "loop": ("while True: pass", "check_time"),
    "sleep": ("time.sleep(1000)", "check_time"),
    "prints": ("while True: print('x' * 100000)", "check_time"),
    "closes": ("os.close(3); time.sleep(1000)", "check_time"),
    "tensor": ("x = torch.zeros(10**11)", "check_memory"),
    "bytes": ("x = bytearray(1 << 36)", "check_memory"),
    "crash": ("ctypes.string_at(0)", "check_died"),
    "aborts": ("os.abort()", "check_died"),
    "leaves": ("os._exit(0)", "check_died"),
    "exits": ("sys.exit(3)", "check_import"),
    "interrupts": ("raise KeyboardInterrupt", "check_died"),
    "forges": ('os.write(3, b\'{"verdicts": [{}], "seconds": 1.0}\'); os._exit(0)', "check_died"),
    "floods": ("while True: os.write(3, b'x' * 65536)", "check_died"),
    "forks": ("while True: os.fork()", "check_forbidden_processes"),
    "shell": ("os.system('touch {place}')", "check_forbidden_processes"),
    "starts": ("subprocess.run(['touch', '{place}'])", "check_forbidden_processes"),
    "kills": ("os.kill(os.getppid(), 9)", "check_forbidden_processes"),
    "writes": ("open('{place}', 'w').write('x')", "check_forbidden_files"),
    "removes": ("os.remove('{precious}')", "check_forbidden_files"),
    "renames": ("os.rename('{precious}', 'mine')", "check_forbidden_files"),
    "links": ("os.symlink('{precious}', 'a'); open('a', 'w')", "check_forbidden_files"),
    "connects": ("socket.create_connection(('127.0.0.1', 9))", "check_forbidden_network"),
    "fills": ("open('big', 'wb').write(bytes(1 << 27))", "check_import"),
    "unlimits": (
        "import resource\ntry: resource.setrlimit(resource.RLIMIT_CPU, (-1, -1))\n"
        "except ValueError: sys.exit('refused')",
        "check_import",
    ),
    "syntax": ("def (", "check_syntax"),
    "low_write": (LOW + "assert libc.creat(b'{place}', 0o644) >= 0, 'refused'", "check_import"),
    "low_remove": (LOW + "assert libc.unlink(b'{precious}') == 0, 'refused'", "check_import"),
    "low_chmod": (LOW + "assert libc.chmod(b'{precious}', 0) == 0, 'refused'", "check_import"),
    "low_socket": (LOW + "assert libc.socket(2, 1, 0) >= 0, 'refused'", "check_import"),
    "low_fork": (LOW + "assert libc.fork() >= 0, 'refused'", "check_import"),
    "low_kill": (LOW + "assert libc.kill(os.getppid(), 9) == 0, 'refused'", "check_import"),
    "low_exec": (
        LOW + "assert libc.execl(b'/bin/true', b'true', None) == 0, 'refused'",
        "check_import",
    ),
}
"""By name: what is done on import, and why it then could not be judged. {place}: a file that must
not come to be; {precious}: one that must stay as it is."""

HARMLESS = {
    "own_folder": "open('log.txt', 'w').write('x'); tempfile.mkdtemp(); os.mkdir('d')",
    "thread": "t = threading.Thread(target=print); t.start(); t.join()",
    "at_exit": "import atexit; atexit.register(lambda: time.sleep(1000))",
    "null": "open(os.devnull, 'w').write('x')",
    "says": "print('x', file=sys.stderr); sys.stdout.write('y')",
    "asks": "import resource; resource.getrlimit(resource.RLIMIT_CPU)",
    "tries": "try:\n    open('{place}', 'w')\nexcept OSError:\n    pass",
}
"""What a submission may do."""
