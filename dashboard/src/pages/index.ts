// All pages: where they are, what stands in the menu, and what is loaded for them.

import { type Component, lazy } from "solid-js";
import type { IconName } from "../ui/icons";

export interface PageEntry {
	/** What stands behind `#/`; parts that begin with a colon are given to the page as properties. */
	path: string;
	load: Component<Record<string, string>>;
	/** The page of the menu to which it belongs, by its path. */
	under?: string;
	/** Its place in the menu; pages without one are reached from others. */
	menu?: { section: "Your work" | "Providing" | "Network" | ""; title: string; icon: IconName };
}

type Loader = () => Promise<{ default: Component<never> }>;
const page = (load: Loader) => lazy(load as unknown as () => Promise<{ default: Component<Record<string, string>> }>);

export const pages: PageEntry[] = [
	{
		path: "",
		load: page(() => import("./customer/work")),
		menu: { section: "Your work", title: "Work", icon: "list" },
	},
	{
		path: "services",
		load: page(() => import("./customer/services")),
		menu: { section: "Your work", title: "Ask a service", icon: "chat" },
	},
	{
		path: "new",
		load: page(() => import("./customer/job")),
		menu: { section: "Your work", title: "New job", icon: "plus" },
	},
	{
		path: "budget",
		load: page(() => import("./customer/budget")),
		menu: { section: "Your work", title: "Budget", icon: "wallet" },
	},
	{ path: "services/:id", under: "services", load: page(() => import("./customer/service")) },
	{ path: "task/:name", under: "", load: page(() => import("./customer/task/page")) },
	{
		path: "provider",
		load: page(() => import("./provider/overview")),
		menu: { section: "Providing", title: "Earnings", icon: "wallet" },
	},
	{
		path: "provider/devices",
		load: page(() => import("./provider/devices")),
		menu: { section: "Providing", title: "Devices", icon: "device" },
	},
	{
		path: "provider/market",
		load: page(() => import("./provider/market")),
		menu: { section: "Providing", title: "Market", icon: "spark" },
	},
	{
		path: "network",
		load: page(() => import("./network/overview")),
		menu: { section: "Network", title: "Overview", icon: "blocks" },
	},
	{
		path: "network/services",
		load: page(() => import("./network/services")),
		menu: { section: "Network", title: "Services", icon: "chat" },
	},
	{ path: "network/services/:id", load: page(() => import("./network/service")) },
	{
		path: "network/validations",
		load: page(() => import("./network/validations")),
		menu: { section: "Network", title: "Validations", icon: "shield" },
	},
	{ path: "validation/:name", load: page(() => import("./network/validation")) },
	{
		path: "network/validators",
		load: page(() => import("./network/validators")),
		menu: { section: "Network", title: "Validators", icon: "account" },
	},
	{
		path: "network/governance",
		load: page(() => import("./network/governance")),
		menu: { section: "Network", title: "Governance", icon: "vote" },
	},
	{
		path: "receipt",
		load: page(() => import("./receipt/receipt")),
		menu: { section: "Network", title: "Receipts", icon: "receipt" },
	},
	{ path: "receipt/:name", load: page(() => import("./receipt/receipt")) },
	{
		path: "settings",
		load: page(() => import("./settings")),
		menu: { section: "", title: "Settings", icon: "settings" },
	},
];
