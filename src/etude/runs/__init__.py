"""The run folder: the only room that spells its file names. Bytes and arrays in, no torch.

runs/<name>/recipe.json      what decides the run; written once
            provenance.json  data and environment it ran with; written once
            LOCK             flock held for the run's life
            metrics.jsonl    one line an epoch, and one for the result; timing.jsonl: clock times
            checkpoints/00000120/{MANIFEST.json, model.safetensors, optimizer.safetensors,
                                      state.json}
            best.json        {"step": ...}
            snapshots/       arrays kept while training: 00000120-samples.npz
            pictures/, report.html
"""
