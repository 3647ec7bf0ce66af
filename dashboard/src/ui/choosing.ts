// Whether the accounts are shown to choose from. Pages that need one open it.

import { createSignal } from "solid-js";

export const [isChoosing, setChoosing] = createSignal(false);
