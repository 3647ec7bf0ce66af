// What the chain names, in words for people.

interface Words {
	title: string;
	about: string;
}

/** Why tokens were taken, and how much the rules take. */
const FAULTS: Record<string, Words> = {
	Convicted: {
		title: "A wrong result",
		about:
			"A jury recomputed a leaf and found something else. The lock refunds the client, pays the jury, and a tenth of the fee more; what was not settled yet is void.",
	},
	SilentProvider: {
		title: "Silent under audit",
		about: "The provider did not show what was drawn to be checked, in time. That counts as a wrong result.",
	},
	Abandoned: {
		title: "Work was left",
		about: "A job was not begun, was given up, or passed its deadline. The client gets a part of the fee.",
	},
	UnrevealedBid: {
		title: "A bid was not revealed",
		about: "A sealed bid that stays sealed forfeits a tenth of the ceiling.",
	},
	InputAtFault: {
		title: "Inputs were missing",
		about:
			"Whoever had to supply the inputs did not, or they were not what the manifest allows. The lock pays the provider for its time.",
	},
	FalseAlarm: {
		title: "A false alarm",
		about: "An auditor said that a right leaf was wrong. It pays the jury, and five times the cost of the leaf.",
	},
	WrongApproval: {
		title: "A wrong leaf was approved",
		about:
			"An auditor approved a leaf that a jury found to be wrong. It pays twenty times its cost, and loses its seats.",
	},
	LostVote: {
		title: "A vote in the minority",
		about: "A juror named another digest than those who decided. It pays five times the cost of the leaf.",
	},
	Unserved: {
		title: "A share in a jury",
		about:
			"One said that it was not served, the other that it served. Nobody can tell who lied: both pay half of the jury.",
	},
	SilentSeat: {
		title: "A silent seat",
		about: "A verifier that was drawn said nothing in time. It pays a part of the cost of the leaf, and is replaced.",
	},
	FalseChallenge: {
		title: "A false challenge",
		about: "A leaf was challenged that was right. Its bond paid the jury.",
	},
};

export const faultWords = (fault: string): Words =>
	FAULTS[fault] ?? { title: fault, about: "This page does not know this fault: it is older than the chain's runtime." };

/** How a validation ended, and for whom that is good. */
const CONCLUSIONS: Record<string, Words & { tone: "good" | "warn" | "bad" }> = {
	accepted: { title: "Accepted", about: "Nothing was found against the result.", tone: "good" },
	forfeited: {
		title: "Forfeited",
		about: "The result is right, but its provider was convicted of another one meanwhile and is not paid.",
		tone: "warn",
	},
	convicted: {
		title: "Convicted",
		about: "The result is wrong, or was not shown. The client is refunded.",
		tone: "bad",
	},
	inputAtFault: { title: "Inputs at fault", about: "Inputs are missing or invalid.", tone: "bad" },
	void: { title: "Void", about: "No jury could decide. The client is refunded, and nobody is punished.", tone: "warn" },
	unfounded: {
		title: "Unfounded",
		about: "The provider said without reason that inputs are missing. Both sides paid half of the jury.",
		tone: "warn",
	},
};

/** By the name of a conclusion, as the runtime or as nodes and receipts spell it. */
export const conclusionWords = (conclusion: string) =>
	CONCLUSIONS[conclusion.charAt(0).toLowerCase() + conclusion.slice(1)] ?? {
		title: conclusion,
		about: "",
		tone: "warn" as const,
	};

/** What a validation waits for. */
const ACTS: Record<string, string> = {
	AwaitSeed: "The authors of blocks make a seed",
	PostOpenings: "The provider shows where the drawn leaves begin",
	CommitAudits: "Auditors recompute the drawn leaves",
	Reveal: "The provider reveals its result",
	RevealAudits: "Auditors reveal what they found",
	CommitVotes: "Jurors recompute the disputed leaf",
	RevealVotes: "Jurors reveal their votes",
	Challenge: "Anyone may challenge a leaf",
	Answer: "The provider answers a challenge",
	AwaitOthers: "Its pay waits for the provider's other work",
	Close: "It is being closed",
};

export const actWords = (act: string): string => ACTS[act] ?? act;

/** The order in which a validation passes them, as a person needs it. */
export const PHASES = ["Seed", "Openings", "Audit", "Reveal", "Compare", "Done"];

export function phaseOf(stage: string): number {
	const places: Record<string, number> = {
		Sealed: 0,
		Opening: 1,
		Auditing: 2,
		Doubling: 2,
		AuditingTwice: 2,
		Revealing: 3,
		Comparing: 4,
		Judging: 4,
		Challengeable: 4,
		Answering: 4,
		Accepted: 5,
		Closing: 5,
	};
	return places[stage] ?? 0;
}

export const KINDS: Record<string, string> = {
	Cpu: "CPU",
	Cuda: "CUDA",
	Metal: "Metal",
	Rocm: "ROCm",
	Vulkan: "Vulkan",
};
