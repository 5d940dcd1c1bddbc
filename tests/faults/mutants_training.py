"""Mutants of the numerics of training: schedules, optimizers, clipping."""

from tests.faults.mutants_common import mutants

SCHEDULE = mutants(
    "training/schedule.py",
    "tests/training/test_schedule.py",
    ("one-cycle's peak one step late", "peak = max(rise - 1, 0)", "peak = max(rise, 0)", "test_onecycle_equals_torch"),
    ("one-cycle starts at a tenth", "between(1 / 25, 1.0,", "between(1 / 10, 1.0,", "test_onecycle_equals_torch"),
    ("one-cycle never reaches its end", "(step - peak) / max(total - 1 - peak, 1)", "(step - peak) / max(total - peak, 1)", "test_onecycle_equals_torch"),
    ("one-cycle ends at 0", "between(1.0, FLOOR, (step - peak)", "between(1.0, 0.0, (step - peak)", "test_onecycle_equals_torch"),
    ("schedules end at a hundredth", "FLOOR = 1e-3", "FLOOR = 1e-2", "test_the_last_step_has_a_thousandth_of_the_maximum"),
    ("cosine without its half", "(1 + cos(pi * share)) / 2", "(1 + cos(pi * share))", "test_cosine_equals_torch"),
    ("a whole wave of the cosine", "cos(pi * share)", "cos(2 * pi * share)", "test_cosine_equals_torch"),
    ("cosine begun at step 0 despite a warm-up", "(step - rise) / max(total - 1 - rise, 1)", "step / max(total - 1, 1)", "test_a_cosine_after_a_warm_up_equals_torchs"),
    ("cosine one step late", "(step - rise) / max(total - 1 - rise, 1)", "(step - rise) / max(total - rise, 1)", "test_cosine_equals_torch"),
    ("first step of a warm-up has rate 0", "(step + 1) / (rise + 1)", "step / (rise + 1)", "test_warm_up_rises_to_one_and_constant_stays"),
    ("warm-up ends one step early", "(step + 1) / (rise + 1)", "(step + 1) / rise", "test_warm_up_rises_to_one_and_constant_stays"),
    ("warm-up by a root", "(step + 1) / (rise + 1)", "((step + 1) / (rise + 1)) ** 0.5", "test_a_cosine_after_a_warm_up_equals_torchs"),
)  # fmt: skip

OPTIMIZER = mutants(
    "training/optimizer.py",
    "tests/training/test_optimizer.py",
    ("AdamW's decay coupled to its moments", 'decoupled_weight_decay=self.kind == "adamw"', "decoupled_weight_decay=False", "test_equals_torch_with_weight_decay[adamw]"),
    ("Adam's decay decoupled", 'decoupled_weight_decay=self.kind == "adamw"', "decoupled_weight_decay=True", "test_equals_torch_with_weight_decay[adam]"),
    ("biases and norms decay", "return parameter.ndim > 1 and not", "return not", "test_decay_spares_norms_and_biases"),
    ("position embeddings decay", "parameter.ndim > 1 and not name.endswith(SPARED)", "parameter.ndim > 1", "test_positions_and_class_token_are_spared"),
    ("nothing decays", "key = (decay if kind else 0.0, ", "key = (0.0, ", "test_equals_torch_with_weight_decay[sgd]"),
    ("betas exchanged", "beta1=self.betas[0], beta2=self.betas[1]", "beta1=self.betas[1], beta2=self.betas[0]", "test_equals_torch_by_name[adam]"),
    ("another second beta", '.get("betas", (0.9, 0.999))', '.get("betas", (0.9, 0.99))', "test_equals_torch_by_name[adam]"),
    ("betas of a phase ignored", 'first, second = other.get("betas", (0.9, 0.999))', "first, second = (0.9, 0.999)", "test_a_phase_has_its_own_rate_and_betas"),
    ("learning rate of a phase ignored", 'other.get("lr_factor", 1.0)', "1.0", "test_a_phase_has_its_own_rate_and_betas"),
    ("no bias correction", "first, second, steps = slots", "first, second, steps = *slots[:2], [torch.full_like(s, 1e5) for s in slots[2]]", "test_equals_torch_by_name[adam]"),
    ("Adam's eps a thousand times as large", "**fused, **rate, eps=1e-8,", "**fused, **rate, eps=1e-5,", "test_equals_torch_by_name[adam]"),
    ("another momentum", "momentum=0.9 if slots", "momentum=0.95 if slots", "test_equals_torch_by_name[momentum]"),
    ("momentum dampened", "dampening=0,", "dampening=0.9,", "test_equals_torch_by_name[momentum]"),
    ("nesterov is plain momentum", 'nesterov=self.kind == "nesterov"', "nesterov=False", "test_equals_torch_by_name[nesterov]"),
    ("momentum looks ahead", 'nesterov=self.kind == "nesterov"', "nesterov=bool(slots)", "test_equals_torch_by_name[momentum]"),
    ("RMSprop forgets faster", "alpha=0.99", "alpha=0.9", "test_equals_torch_by_name[rmsprop]"),
    ("gradients never zeroed", "                p.grad = None\n", "                pass\n", "test_equals_torch_by_name[sgd]"),
    ("Muon's momentum", "momentum=0.95, nesterov=True", "momentum=0.9, nesterov=True", "test_equals_torch_with_weight_decay[muon]"),
    ("Muon without Nesterov", "momentum=0.95, nesterov=True", "momentum=0.95, nesterov=False", "test_equals_torch_with_weight_decay[muon]"),
    ("Muon's first coefficient", "3.4445, -4.775", "3.4, -4.775", "test_equals_torch_with_weight_decay[muon]"),
    ("Muon iterates once less", "ns_steps=5", "ns_steps=4", "test_equals_torch_with_weight_decay[muon]"),
    ("Muon's update not scaled to AdamW's", 'adjust_lr_fn="match_rms_adamw"', 'adjust_lr_fn="original"', "test_equals_torch_with_weight_decay[muon]"),
    ("beside Muon Adam, not AdamW", '("adamw", rest)', '("adam", rest)', "test_muon_leaves_kernels_to_adamw"),
)  # fmt: skip

STEP = mutants(
    "training/step.py",
    "tests/training/test_step.py",
    ("the schedule one step ahead", 'train.schedule, number - first, self.total', 'train.schedule, number - first + 1, self.total', "test_steps_equal_a_plain_loop"),
    ("warm-up ignored", "self.total - first, train.warmup)", "self.total - first, 0.0)", "test_steps_equal_a_plain_loop"),
    ("gradients not clipped", "        if self.train.clip:", "        if False:", "test_steps_equal_a_plain_loop"),
    ("clipped to twice the norm", "(parameters, self.train.clip, norm)", "(parameters, 2 * self.train.clip, norm)", "test_steps_equal_a_plain_loop"),
    ("norm from after the clipping", "        return norm\n", "        return torch.nn.utils.get_total_norm(gradients)\n", "test_steps_equal_a_plain_loop"),
)  # fmt: skip

RATE = mutants(
    "training/optimizer.py",
    "tests/training/test_step.py",
    ("the schedule ignored", "self.lr * factor", "self.lr", "test_steps_equal_a_plain_loop"),
)  # fmt: skip

TRAINING = (*SCHEDULE, *OPTIMIZER, *STEP, *RATE)
