"""The run folder: the only package that knows its file names. It stores bytes and arrays, and
does not import torch.

runs/<name>/recipe.json      what decides the run; written once
            provenance.json  data and environment it ran with; written once
            LOCK             file lock held while a process writes the run
            metrics.jsonl    one line per epoch, and one for the result; timing.jsonl: clock times
            checkpoints/00000120/{MANIFEST.json, model.safetensors, optimizer.safetensors,
                                      state.json}
            best.json        {"step": ...}
            snapshots/       arrays recorded during training: 00000120-samples.npz
            pictures/, report.html
"""
