/** Parts of the page that are fetched when they are wanted: while the server is away they are waited for. */
import { isOnline, noteLost, onBack } from "./connection";

/** What is loaded, now or when the server is back. Fails only when it does not come although that is there. */
export async function arriving<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    await reachable();
    return load();
  }
}

function reachable(): Promise<void> {
  return new Promise((resolve) => {
    const stop = onBack(() => {
      stop();
      resolve();
    });
    if (isOnline()) noteLost();
  });
}
