import v8 from 'node:v8';

/**
 * Loaded by the threads that run workflow code, before the SDK: what it would note of promises is refused, as on a
 * runtime that has no such hooks. The query `__stack_trace` then says that there are no stacks.
 */
v8.promiseHooks.createHook = () => {
  const { warn } = console;
  // The SDK's one word about it: it was wanted.
  console.warn = () => {
    console.warn = warn;
  };
  throw new Error('call stacks of promises are not kept');
};
