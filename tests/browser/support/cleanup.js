// Undoing what a test set up, last first: pages close before the server that they talk to.

const stacks = new WeakMap();

/** Runs `undo` after the test `t`, before whatever was registered earlier. */
export function afterTest(t, undo) {
  let stack = stacks.get(t);
  if (!stack) {
    stack = [];
    stacks.set(t, stack);
    t.after(() => unwind(stack));
  }
  stack.push(undo);
}

async function unwind(stack) {
  const errors = [];
  while (stack.length > 0) {
    try {
      await stack.pop()();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(({ message }) => message).join("; "));
}
