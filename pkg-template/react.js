// The entry `causerie/react`: a chat session as a hook.
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { IDLE, Store } from "./react/store.js";

const serverSnapshot = () => IDLE;

/**
 * A chat session that lives as long as the component: what is known of it, and its commands. Rendering has no effect: the
 * session begins when the component is on the page, and is freed, not left, soon after it is gone.
 */
export function useChatSession(options) {
  const [store] = useState(() => new Store());
  // The newest options are for the next launch; the running session is not disturbed by a render.
  useEffect(() => { store.options = options; });
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot, serverSnapshot);
  return useMemo(() => ({ ...snapshot, ...store.commands }), [snapshot, store]);
}
