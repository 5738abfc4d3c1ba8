"""JAX: a whole model with the whole step, adjustment to hypergradients, in one jit that reuses the
state's memory.

The state is that of `jax_jit.py` and the running statistics of batch norms.

Timed: 40 calls, the first without the adjustment, and a wait for all results.
"""

from functools import partial

import jax
import jax_jit
import jax_models
import models
from jax_jit import describe, first_step, initial_state, step
from models import task
from worker import serve


class Run(jax_jit.Run):
    def __init__(self, task):
        self.batches = jax_models.batches(task.model)
        tower = initial_state(task.levels, models.initial_weights(task.model))
        self.initial = tower, jax_models.initial_statistics(task.model)
        gradient_of = jax.value_and_grad(partial(jax_models.loss_of, task.model), has_aux=True)

        def compiled(step):
            def whole(state, inputs, classes):
                tower, statistics = state
                (loss, statistics), tower = step(
                    lambda weights: gradient_of(weights, statistics, inputs, classes), tower
                )
                return loss, (tower, statistics)

            return jax.jit(whole, donate_argnums=0)

        self.first, self.step = compiled(first_step), compiled(partial(step, task.levels))


if __name__ == "__main__":
    serve(describe, Run, task)
