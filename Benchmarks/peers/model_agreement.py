"""Whether ours and the peers give the same losses in the first 40 steps of the whole models.

All start with the same weights and take the same data, but add in different orders. Differences in
the last digits grow from step to step, most in the residual network.
"""

from typing import NamedTuple

TOLERANCES = {"cnn": 2e-3, "lstm": 1e-5, "gpt": 1e-5, "resnet20": 0.02}  # relative, of any loss
REFERENCES = ("torch_eager", "torch_paper")  # the first that computed an optimizer


class Row(NamedTuple):
    who: str
    model: str
    optimizer: str
    reference: str
    difference: float  # the greatest, relative

    @property
    def is_fine(self):
        return self.difference <= TOLERANCES[self.model]

    def __str__(self):
        verdict = "agrees" if self.is_fine else "DIFFERS"
        return (
            f"{self.who:16} {self.model:9} {self.optimizer:9} {verdict} with {self.reference}, "
            f"by {self.difference:.1e} at most"
        )


def agreement(losses):
    """A row for each of `losses[who][model][optimizer]` that has others to be compared with.

    A list that is shorter than the reference's has the last of the losses.
    """

    def of(who, model, optimizer):
        return losses.get(who, {}).get(model, {}).get(optimizer)

    rows = []
    for who, models in losses.items():
        for model, optimizers in models.items():
            for optimizer, own in optimizers.items():
                candidates = [*REFERENCES, *losses]
                known = (c for c in candidates if c != "ours" and of(c, model, optimizer))
                reference = next(known, who)
                if reference != who:
                    expected = of(reference, model, optimizer)[-len(own) :]
                    worst = max(abs(a - b) / b for a, b in zip(own, expected, strict=True))
                    rows.append(Row(who, model, optimizer, reference, worst))
    return rows
