//! What a worker does next, in stories of one block each.

use super::*;
use crate::journal::LeafForm;

const US: AccountId = [1; 32];
const THEM: AccountId = [2; 32];
const CLIENT: AccountId = [3; 32];
const NAME: Hash = [7; 32];
const NOW: BlockNumber = 1_000;
const DEVICE: DeviceId = 4;
const SERVICE: ServiceId = 5;
const GIGA: Work = 1_000_000_000;

fn config() -> Config {
	let text = format!(
		"data = \"/nowhere\"\n[chain]\nnodes = [\"ws://nowhere\"]\n[key]\nfile = \"/nowhere\"\n[verifier]\nenabled = true\n\
		[[device]]\nid = {DEVICE}\nservices = [{SERVICE}]\nbids = true\n[market]\ncost_of_tera = 100.0\n"
	);
	Config::parse(&text, []).unwrap()
}

fn view() -> View {
	let spec = DeviceSpec { kind: DeviceKind::Cpu, name: vec![], memory_mb: 1_000, endpoint: vec![], worker: [9; 32] };
	let measured = Some(Measurement { work_per_block: 1_000 * GIGA, at: NOW });
	let device = Device { operator: US, spec, measured, heartbeat: Some(NOW) };
	let service = Service {
		publisher: CLIENT,
		manifest: [8; 32],
		leaf: shape(),
		terms: Terms { floor: 1, width: 1 },
		is_retired: false,
	};
	View {
		number: NOW + 5,
		now: NOW,
		last_final: NOW + 3,
		operator: US,
		heartbeat_blocks: 200,
		free_lock: ogpu(1_000.0),
		devices: [(DEVICE, device)].into(),
		services: [(SERVICE, service)].into(),
		..View::default()
	}
}

fn shape() -> LeafShape {
	LeafShape { work: GIGA, recompute_work: GIGA, fetched_bytes: 1 }
}

fn request(racing: Racing, stage: RequestStage) -> Request {
	Request {
		service: SERVICE,
		client: CLIENT,
		order: Order { inputs: [6; 32], ceiling_leaves: 10, prompt_work: 0, window_blocks: 60 },
		leaf_work: GIGA,
		leaf_price: 1,
		bond: 1,
		race: Race { first: 0, drawn: NOW, closes: NOW + 60, seed_from: NOW + 80 },
		racers: vec![Racer { operator: US, device: DEVICE, racing }],
		stage,
		due: NOW + 60,
	}
}

fn task(provider: AccountId, stage: Stage) -> TaskView {
	let request = Claim {
		client: CLIENT,
		provider,
		commitment: [0; 32],
		start: [6; 32],
		leaves: 10,
		class: CheckClass { jury: JuryRules { draw_seats: 11 } },
		leaf_blocks: 1,
		leaf_fee: 1,
		fee: 1,
		seed_from: NOW,
	};
	let task = Task {
		request,
		is_claim: false,
		measures: None,
		stage,
		due: NOW + 20,
		alarmed_by: None,
		outcome: None,
		carry: None,
		challenges: 0,
	};
	let origin = Origin::Unknown;
	TaskView { task, origin, checks: [].into(), juries: [].into(), checkers: [].into(), since: NOW }
}

fn check(answer: Option<Answer>) -> Check {
	let first = answer.map(|answer| Auditor { operator: US, answer });
	Check { opening: Some([5; 32]), digest: None, first, second: None, challenge: None }
}

fn work(phase: Phase) -> Undertaken {
	Undertaken { phase, ..Undertaken::accepted(Some(DEVICE), Some(NAME)) }
}

fn leaf() -> LeafForm {
	LeafForm { output: [1; 32], carry: [2; 32], trace: [3; 32] }
}

fn works(id: WorkId, work: Undertaken) -> Works {
	[(id, work)].into()
}

fn planned(view: &View, works: &Works) -> Vec<Action> {
	plan(view, works, &config())
}

fn said(actions: &[Action]) -> Vec<Say> {
	let say = |action: &Action| match action {
		Action::Say { what, .. } => Some(what.clone()),
		_ => None,
	};
	actions.iter().filter_map(say).collect()
}

fn done(actions: &[Action]) -> Vec<&Do> {
	let mut done = Vec::new();
	for action in actions {
		if let Action::Do(work) = action {
			done.push(&**work);
		}
	}
	done
}

const RESULT: WorkId = WorkId::Result { task: NAME };
const CHECK: WorkId = WorkId::Check { task: NAME, leaf: 3 };

#[test]
fn a_device_says_once_in_a_window_that_it_is_there() {
	assert_eq!(planned(&view(), &Works::new()), []);
	let mut later = view();
	later.now = NOW + 200;
	assert_eq!(said(&planned(&later, &Works::new())), [Say::Heartbeat(DEVICE)]);
	let mut first = view();
	first.devices.get_mut(&DEVICE).unwrap().heartbeat = None;
	assert_eq!(said(&planned(&first, &Works::new())), [Say::Heartbeat(DEVICE)]);
	first.devices.get_mut(&DEVICE).unwrap().operator = THEM;
	assert_eq!(planned(&first, &Works::new()), []);
}

#[test]
fn a_race_is_run_then_committed_to_and_never_twice() {
	let mut view = view();
	view.requests.insert(NAME, request(Racing::Running, RequestStage::Racing));
	let actions = planned(&view, &Works::new());
	assert_eq!(done(&actions).len(), 1);
	assert_eq!(done(&actions)[0].due, NOW + 57);
	assert!(said(&actions).is_empty());
	let computed = works(RESULT, work(Phase::Computed));
	assert_eq!(said(&planned(&view, &computed)), [Say::Commit { request: NAME }]);
	// After a crash between the journal and the chain: it says so again.
	let committed = works(RESULT, work(Phase::Committed));
	assert_eq!(said(&planned(&view, &committed)), [Say::Commit { request: NAME }]);
	view.requests.insert(NAME, request(Racing::Committed { commitment: [0; 32], leaves: 1 }, RequestStage::Racing));
	assert_eq!(planned(&view, &committed), []);
}

#[test]
fn what_comes_too_late_is_left_alone() {
	let computed = works(RESULT, work(Phase::Computed));
	let commits = |change: &dyn Fn(&mut View)| {
		let mut view = view();
		view.requests.insert(NAME, request(Racing::Running, RequestStage::Racing));
		change(&mut view);
		said(&planned(&view, &computed)).contains(&Say::Commit { request: NAME })
	};
	assert!(commits(&|_| {}));
	assert!(!commits(&|view| view.now = NOW + 61), "the race has closed");
	assert!(!commits(&|view| view.number = NOW + 80), "the seed may be known");
	assert!(!commits(&|view| view.requests.get_mut(&NAME).unwrap().stage = RequestStage::Sharing { leader: 0 }));
}

#[test]
fn what_brings_too_little_takes_too_long_or_finds_no_room_is_declined() {
	let decline = [Say::Decline { request: NAME }];
	let with = |change: &dyn Fn(&mut Request), works: &Works, config: &Config| {
		let mut view = view();
		let mut request = request(Racing::Running, RequestStage::Racing);
		change(&mut request);
		view.requests.insert(NAME, request);
		said(&plan(&view, works, config))
	};
	let none = Works::new();
	assert_eq!(with(&|_| {}, &none, &config()), []);
	let mut dear = config();
	dear.market.least_leaf_price = 1.0;
	assert_eq!(with(&|_| {}, &none, &dear), decline);
	assert_eq!(with(&|request| request.leaf_work = 10_000 * GIGA, &none, &config()), decline);
	let busy: Works = (10..14u8).map(|other| (WorkId::Result { task: [other; 32] }, work(Phase::Accepted))).collect();
	let said = with(&|_| {}, &busy, &config());
	assert_eq!(said, decline);
	let failed = works(RESULT, work(Phase::Failed));
	assert_eq!(with(&|_| {}, &failed, &config()), decline);
}

#[test]
fn a_runner_up_claims_its_share_when_it_knows_the_leaders_salt() {
	let mut view = view();
	let mut request =
		request(Racing::Committed { commitment: [0; 32], leaves: 1 }, RequestStage::Sharing { leader: 1 });
	request.racers.push(Racer { operator: THEM, device: 9, racing: Racing::Paid });
	view.requests.insert(NAME, request);
	assert_eq!(planned(&view, &works(RESULT, work(Phase::Committed))), []);
	let knows = Undertaken { leader_salt: Some([1; 32]), ..work(Phase::Committed) };
	assert_eq!(said(&planned(&view, &works(RESULT, knows.clone()))), [Say::ClaimShare { request: NAME }]);
	view.requests.get_mut(&NAME).unwrap().stage = RequestStage::Sharing { leader: 0 };
	assert_eq!(planned(&view, &works(RESULT, knows)), [], "the leader is paid without a claim");
}

#[test]
fn an_own_result_is_shown_step_by_step() {
	let works = works(RESULT, work(Phase::Committed));
	let show = |task: TaskView, last_final: BlockNumber| {
		let mut view = view();
		view.last_final = last_final;
		view.tasks.insert(NAME, task);
		said(&planned(&view, &works))
	};
	let mut opening = task(US, Stage::Opening);
	opening.checks.insert(3, Check { opening: None, ..check(None) });
	opening.checks.insert(4, check(None));
	assert_eq!(show(opening, NOW), [Say::PostOpenings { task: NAME, leaves: vec![3] }]);
	assert_eq!(show(task(US, Stage::Auditing), NOW), []);
	let mut revealing = task(US, Stage::Revealing);
	revealing.checks.insert(3, check(None));
	assert_eq!(show(revealing.clone(), NOW - 1), [], "what was committed to is not final");
	assert_eq!(show(revealing.clone(), NOW), [Say::Reveal { task: NAME }]);
	revealing.task.outcome = Some(Outcome { root: [0; 32], output: [0; 32] });
	assert_eq!(show(revealing.clone(), NOW), [Say::RevealLeaves { task: NAME, leaves: vec![3] }]);
	revealing.checks.get_mut(&3).unwrap().digest = Some([0; 32]);
	assert_eq!(show(revealing.clone(), NOW), []);
	let mut challenged = task(US, Stage::Answering);
	challenged.checks.insert(5, Check { opening: None, challenge: Some((THEM, 1)), ..check(None) });
	assert_eq!(show(challenged, NOW), [Say::RevealLeaves { task: NAME, leaves: vec![5] }]);
}

#[test]
fn an_auditor_computes_commits_and_reveals() {
	let audit = |stage: Stage, answer: Answer, works: &Works, last_final: BlockNumber| {
		let mut view = view();
		view.last_final = last_final;
		let mut task = task(THEM, stage);
		task.checks.insert(3, check(Some(answer)));
		view.tasks.insert(NAME, task);
		let actions = planned(&view, works);
		(done(&actions).len(), said(&actions))
	};
	let none = Works::new();
	assert_eq!(audit(Stage::Auditing, Answer::Silent, &none, NOW), (1, vec![]));
	let checked = works(CHECK, Undertaken { leaf: Some(leaf()), ..work(Phase::Computed) });
	let commit = Say::CommitAudit { task: NAME, leaf: 3 };
	assert_eq!(audit(Stage::Auditing, Answer::Silent, &checked, NOW), (0, vec![commit.clone()]));
	assert_eq!(audit(Stage::AuditingTwice, Answer::Silent, &checked, NOW), (0, vec![]), "it is the other's turn");
	let missing = Undertaken { obstacle: Some(ObstacleForm::OutputMissing), ..work(Phase::Failed) };
	assert_eq!(audit(Stage::Auditing, Answer::Silent, &works(CHECK, missing), NOW), (0, vec![commit]));
	let failed = works(CHECK, work(Phase::Failed));
	assert_eq!(audit(Stage::Auditing, Answer::Silent, &failed, NOW), (0, vec![]), "this machine failed");
	let committed = Answer::Committed([0; 32]);
	assert_eq!(audit(Stage::Auditing, committed.clone(), &checked, NOW), (0, vec![]));
	let reveal = vec![Say::RevealAudit { task: NAME, leaf: 3 }];
	assert_eq!(audit(Stage::Comparing, committed.clone(), &checked, NOW), (0, reveal));
	assert_eq!(audit(Stage::Comparing, committed, &checked, NOW - 1), (0, vec![]), "the commitment is not final");
}

#[test]
fn whoever_audits_a_leaf_again_does_it_in_its_own_time() {
	let audit = |stage: Stage, answer: Answer, works: &Works| {
		let mut view = view();
		let mut task = task(THEM, stage);
		let first = Some(Auditor { operator: THEM, answer: Answer::Committed([0; 32]) });
		let second = Some(Auditor { operator: US, answer });
		task.checks.insert(3, Check { first, second, ..check(None) });
		view.tasks.insert(NAME, task);
		let actions = planned(&view, works);
		(done(&actions).len(), said(&actions))
	};
	let checked = works(CHECK, Undertaken { leaf: Some(leaf()), ..work(Phase::Computed) });
	assert_eq!(audit(Stage::Doubling { seed_from: NOW }, Answer::Silent, &Works::new()), (0, vec![]));
	assert_eq!(audit(Stage::AuditingTwice, Answer::Silent, &Works::new()), (1, vec![]));
	let commit = vec![Say::CommitAudit { task: NAME, leaf: 3 }];
	assert_eq!(audit(Stage::AuditingTwice, Answer::Silent, &checked), (0, commit));
	let reveal = vec![Say::RevealAudit { task: NAME, leaf: 3 }];
	assert_eq!(audit(Stage::Comparing, Answer::Committed([0; 32]), &checked), (0, reveal));
}

#[test]
fn a_juror_votes_anew_in_each_round() {
	let vote = |stage: JuryStage, answer: Answer, works: &Works| {
		let mut view = view();
		let mut task = task(THEM, Stage::Judging { after_challenges: false });
		task.checks.insert(3, check(None));
		task.juries.insert(3, (Jury { round: 2, stage, due: NOW + 9 }, Some(Ballot { operator: US, answer })));
		view.tasks.insert(NAME, task);
		let actions = planned(&view, works);
		(done(&actions).len(), said(&actions))
	};
	let voting = JuryStage::Voting { seed: [4; 32] };
	assert_eq!(vote(voting.clone(), Answer::Silent, &Works::new()), (1, vec![]));
	let checked = works(CHECK, Undertaken { leaf: Some(leaf()), ..work(Phase::Computed) });
	let commit = Say::CommitVote { task: NAME, leaf: 3, round: 2, seed: [4; 32] };
	assert_eq!(vote(voting, Answer::Silent, &checked), (0, vec![commit]));
	let revealing = JuryStage::Revealing { seed: [4; 32] };
	let reveal = Say::RevealVote { task: NAME, leaf: 3, round: 2 };
	assert_eq!(vote(revealing, Answer::Committed([0; 32]), &checked), (0, vec![reveal]));
}

fn job(stage: JobStage) -> Job {
	let spec = Spec {
		kind: JobKind::Training,
		manifest: [8; 32],
		start: [6; 32],
		leaves: 40,
		part_leaves: 20,
		leaf: shape(),
		needs: Needs { kind: None, memory_mb: 10, work_per_block: GIGA },
		longest_blocks: 5_000,
	};
	Job {
		client: CLIENT,
		spec,
		leaf_blocks: 1,
		stage,
		due: NOW + 50,
		is_cancelled: false,
		round: 0,
		terms: JobTerms { ceiling: ogpu(100.0), longest_blocks: 5_000, speed_billionths: 0 },
		bond: ogpu(10.0),
		tasks: 0,
		first: 0,
		verified: 0,
		carry: [6; 32],
		run: None,
	}
}

fn run(parts: Vec<Part>) -> Run {
	Run {
		bid: Bid { bidder: Bidder { operator: US, device: DEVICE }, price: 1, eta_blocks: 1 },
		award: Award { fee: 1 },
		first: 0,
		since: NOW,
		deadline: NOW + 5_000,
		parts,
		claim: None,
		has_claimed: false,
	}
}

#[test]
fn a_bid_is_what_the_work_costs_and_as_long_as_it_takes() {
	let bid = |change: &dyn Fn(&mut View, &mut Job)| {
		let (mut view, mut job) = (view(), job(JobStage::Bidding));
		change(&mut view, &mut job);
		view.jobs.insert(NAME, job);
		said(&planned(&view, &Works::new()))
	};
	// 0.04 tera at 100 OGPU and a quarter more; one block of work, its slack, and one milestone between.
	let expected = Say::Bid { job: NAME, round: 0, device: DEVICE, price: ogpu(5.0), eta_blocks: 1 + 260 + 20 };
	assert_eq!(bid(&|_, _| {}), [expected]);
	assert_eq!(bid(&|view, _| assert!(view.sealed.insert(NAME))), []);
	assert_eq!(bid(&|_, job| job.terms.ceiling = ogpu(4.9)), [], "the client would not pay it");
	assert_eq!(bid(&|_, job| job.terms.longest_blocks = 280), [], "nor wait for it");
	assert_eq!(bid(&|view, _| view.free_lock = ogpu(9.0)), [], "the bond is not free");
	assert_eq!(bid(&|_, job| job.spec.needs.memory_mb = 2_000), []);
	assert_eq!(bid(&|_, job| job.spec.needs.kind = Some(DeviceKind::Cuda)), []);
	assert_eq!(bid(&|_, job| job.due = NOW + 1), [], "its seal would come too late");
	let mut sealed = view();
	sealed.sealed.insert(NAME);
	sealed.jobs.insert(NAME, job(JobStage::Revealing { seed: [0; 32] }));
	assert_eq!(said(&planned(&sealed, &Works::new())), [Say::RevealBid { job: NAME, round: 0 }]);
}

#[test]
fn a_job_that_was_won_is_done_part_by_part() {
	let step = |job: Job, tasks: &[(Hash, TaskView)], works: &Works| {
		let mut view = view();
		view.jobs.insert(NAME, job);
		view.tasks.extend(tasks.iter().cloned());
		let actions = planned(&view, works);
		let starts = done(&actions).into_iter().map(|work| match &work.what {
			What::Part { first, start, .. } => (*first, *start),
			_ => unreachable!(),
		});
		(starts.collect::<Vec<_>>(), said(&actions))
	};
	let none = Works::new();
	let offered = Job { run: Some(run(vec![])), ..job(JobStage::Offered) };
	assert_eq!(step(offered, &[], &none), (vec![], vec![Say::Start { job: NAME }]));
	let working = |parts| Job { run: Some(run(parts)), ..job(JobStage::Working) };
	assert_eq!(step(working(vec![]), &[], &none), (vec![(0, [6; 32])], vec![]));

	let first = WorkId::Part { job: NAME, part: 0 };
	let computed = Undertaken { leaf: Some(leaf()), task: None, ..work(Phase::Computed) };
	let works = works(first.clone(), computed.clone());
	let commit = Say::CommitPart { job: NAME, part: 0, task: task_name(&NAME, 0) };
	assert_eq!(step(working(vec![]), &[], &works), (vec![], vec![commit]));

	// The next part begins at once from what the first one handed on, and is committed to when the chain has seen that.
	let name = task_name(&NAME, 0);
	let open = Part { task: name, committed: NOW, state: PartState::Open };
	assert_eq!(step(working(vec![open.clone()]), &[], &works), (vec![(20, [2; 32])], vec![]));
	let both: Works =
		[(first, computed.clone()), (WorkId::Part { job: NAME, part: 1 }, computed)].into_iter().collect();
	let after = |parts| Job { tasks: 1, ..working(parts) };
	let mut shown = task(US, Stage::Comparing);
	assert_eq!(step(after(vec![open.clone()]), &[(name, shown.clone())], &both), (vec![], vec![]));
	shown.task.carry = Some([2; 32]);
	let commit = Say::CommitPart { job: NAME, part: 1, task: task_name(&NAME, 1) };
	assert_eq!(step(after(vec![open]), &[(name, shown)], &both), (vec![], vec![commit]));
}

#[test]
fn clients_are_told_what_leads_in_a_block_and_nothing_before() {
	use crate::agent::desk::cases;
	let told = |racing, stage| {
		let mut view = view();
		view.requests.insert(NAME, request(racing, stage));
		let case = cases(&view, &works(RESULT, work(Phase::Committed))).remove(&NAME).unwrap();
		assert_eq!((case.client, case.leaves, case.works), (CLIENT, 10, vec![(0, RESULT)]));
		case.committed
	};
	let committed = || Racing::Committed { commitment: [0; 32], leaves: 4 };
	assert_eq!(told(Racing::Running, RequestStage::Racing), [], "it was sent, and is in no block");
	assert_eq!(told(committed(), RequestStage::Racing), [], "somebody could still come first with it");
	let leading = RequestStage::Validating { leader: 0, is_paid: false };
	assert_eq!(told(committed(), leading.clone()), [(NAME, RESULT)]);
	let mut view = view();
	let mut theirs = request(committed(), leading);
	theirs.racers.insert(0, Racer { operator: THEM, device: 9, racing: committed() });
	view.requests.insert(NAME, theirs);
	assert_eq!(cases(&view, &Works::new())[&NAME].committed, [], "the leader tells");

	let parts = [PartState::Verified { carry: [2; 32] }, PartState::Open].map(|state| Part {
		task: [state == PartState::Open; 32].map(u8::from),
		committed: NOW,
		state,
	});
	view.jobs.insert([8; 32], Job { run: Some(Run { first: 1, ..run(parts.to_vec()) }), ..job(JobStage::Working) });
	let part = |part| WorkId::Part { job: [8; 32], part };
	let case = cases(&view, &works(part(1), work(Phase::Committed))).remove(&[8; 32]).unwrap();
	assert_eq!((case.client, case.leaves), (CLIENT, 40));
	assert_eq!(case.committed, [([0; 32], part(1)), ([1; 32], part(2))]);
	assert_eq!(case.works, [(20, part(1))]);
	view.jobs.get_mut(&[8; 32]).unwrap().run.as_mut().unwrap().bid.bidder.operator = THEM;
	assert!(!cases(&view, &Works::new()).contains_key(&[8; 32]), "it is no longer ours to tell");
}

#[test]
fn inputs_that_are_missing_are_claimed_once_and_looked_for_again() {
	let step = |obstacle, has_claimed, stage| {
		let failed = Undertaken { obstacle: Some(obstacle), ..work(Phase::Failed) };
		let works = works(WorkId::Part { job: NAME, part: 0 }, failed);
		let mut view = view();
		view.jobs.insert(NAME, Job { run: Some(Run { has_claimed, ..run(vec![]) }), ..job(stage) });
		let actions = planned(&view, &works);
		(done(&actions).len(), said(&actions))
	};
	use ObstacleForm::{InputInvalid, InputMissing, OutputMissing};
	let claim = || vec![Say::ClaimInputs { job: NAME }];
	assert_eq!(step(InputMissing, false, JobStage::Working), (0, claim()));
	assert_eq!(step(InputInvalid, false, JobStage::Working), (0, claim()));
	assert_eq!(step(InputMissing, true, JobStage::Claimed), (0, vec![]), "a jury looks for them");
	assert_eq!(step(InputMissing, true, JobStage::Working), (1, vec![]), "the jury has found them");
	assert_eq!(step(InputInvalid, true, JobStage::Working), (0, vec![]), "they are what they were");
	let handed_on = step(OutputMissing, false, JobStage::Working);
	assert_eq!(handed_on, (1, vec![]), "what another provider handed on is not the client's to supply");
}

#[test]
fn a_machine_whose_disk_is_full_takes_nothing_on_and_does_its_duties() {
	let mut view = view();
	view.is_full = true;
	view.requests.insert(NAME, request(Racing::Running, RequestStage::Racing));
	view.jobs.insert([8; 32], job(JobStage::Bidding));
	assert_eq!(planned(&view, &Works::new()), [Action::Say { what: Say::Decline { request: NAME }, due: NOW + 60 }]);
	let taken_on = works(RESULT, work(Phase::Computing));
	assert_eq!(done(&planned(&view, &taken_on)).len(), 1, "what it has taken on it does");
	let mut audited = task(THEM, Stage::Auditing);
	audited.checks.insert(3, check(Some(Answer::Silent)));
	view.tasks.insert([9; 32], audited);
	assert_eq!(done(&planned(&view, &taken_on)).len(), 2);
}

#[test]
fn what_another_machine_of_the_operator_has_done_is_left_to_it() {
	let mut opening = task(US, Stage::Opening);
	opening.checks.insert(3, Check { opening: None, ..check(None) });
	let post = |origin| {
		let mut view = view();
		view.tasks.insert(NAME, TaskView { origin, ..opening.clone() });
		said(&planned(&view, &works(RESULT, work(Phase::Committed))))
	};
	assert_eq!(post(Origin::Benchmark { device: DEVICE }), [Say::PostOpenings { task: NAME, leaves: vec![3] }]);
	assert_eq!(post(Origin::Benchmark { device: DEVICE + 1 }), []);
}

#[test]
fn what_is_committed_to_in_this_name_and_not_by_this_worker_is_noticed() {
	use crate::{
		agent::alone::{foreign, Foreign},
		journal::Journal,
	};
	use ogpu_protocol::commitment::{leaf_task, Audit, Finding, Obstacle, Outcome, Place, Vote};
	let folder = tempfile::tempdir().unwrap();
	let journal = Journal::open(&folder.path().join("journal.redb"), &[0; 32], &[9; 32]).unwrap();
	let place = |task, round| Place { task, round, account: US };
	let of_leaf = leaf_task(crate::job::blake2, &NAME, 3);
	let result = journal.seal(&place(NAME, 0), &Outcome { root: [1; 32], output: [2; 32] }).unwrap().commitment;
	let audit: Finding<Audit> = Err(Obstacle::InputMissing);
	let audit = journal.seal(&place(of_leaf, 0), &audit).unwrap().commitment;
	let vote: Finding<Vote> = Err(Obstacle::InputMissing);
	let vote = journal.seal(&place(of_leaf, 2), &vote).unwrap().commitment;

	let seen = |result: Hash, audit: Hash, vote: Hash, device| {
		let mut view = view();
		let mut race = request(
			Racing::Committed { commitment: result, leaves: 4 },
			RequestStage::Validating { leader: 0, is_paid: false },
		);
		race.racers[0].device = device;
		view.requests.insert(NAME, race);
		let mut own = TaskView { origin: Origin::Benchmark { device }, ..task(US, Stage::Sealed) };
		own.task.request.commitment = result;
		view.tasks.insert(NAME, own);
		let found = foreign(&view, &config(), &journal).unwrap();
		view.requests.clear();
		let mut theirs = task(THEM, Stage::Judging { after_challenges: false });
		theirs.checks.insert(3, check(Some(Answer::Committed(audit))));
		let ballot = Ballot { operator: US, answer: Answer::Committed(vote) };
		let jury = Jury { round: 2, stage: JuryStage::Revealing { seed: [4; 32] }, due: NOW };
		theirs.juries.insert(3, (jury, Some(ballot)));
		view.tasks.insert(NAME, theirs);
		let mut found: Vec<_> = found.into_iter().collect();
		found.extend(foreign(&view, &config(), &journal).unwrap());
		found
	};
	let finding = |round| Foreign::Finding { task: NAME, leaf: 3, round };
	assert_eq!(seen(result, audit, vote, DEVICE), []);
	assert_eq!(seen([5; 32], audit, vote, DEVICE), [Foreign::Result(NAME)]);
	assert_eq!(seen([5; 32], audit, vote, DEVICE + 1), [], "another machine of the operator did it");
	assert_eq!(seen(result, [5; 32], [6; 32], DEVICE), [finding(0), finding(2)]);
}

/// Blocks after its deadline in which this operator moves an item on, if it does within so many.
fn moves_on(operator: AccountId, most: BlockNumber, put: impl Fn(&mut View)) -> Vec<(Say, BlockNumber)> {
	let mut first = BTreeMap::new();
	for late in 0..most {
		let mut view = view();
		view.operator = operator;
		put(&mut view);
		// As if the clock were so far: nothing else is in the view that depends on it.
		view.now = view.now.saturating_add(late);
		view.devices.clear();
		for say in said(&planned(&view, &Works::new())) {
			first.entry(say).or_insert(late);
		}
	}
	first.into_iter().collect()
}

#[test]
fn what_the_chain_does_not_come_to_is_moved_on_by_whoever_waits_but_not_by_all_at_once() {
	let sitting = |stage| {
		let mut judged = task(THEM, Stage::Judging { after_challenges: false });
		judged.task.due = NOW;
		judged.juries.insert(3, (Jury { round: 1, stage, due: NOW }, None));
		judged
	};
	let due = |stage| TaskView { task: Task { due: NOW, ..task(THEM, stage).task }, ..task(THEM, Stage::Sealed) };
	for (item, put) in [
		(
			Item::Task(NAME),
			&(|view: &mut View| drop(view.tasks.insert(NAME, due(Stage::Sealed)))) as &dyn Fn(&mut View),
		),
		(Item::Jury(NAME, 3), &|view| drop(view.tasks.insert(NAME, sitting(JuryStage::Voting { seed: [0; 32] })))),
		(Item::Market(NAME), &|view| {
			let sharing = Request { due: NOW, ..request(Racing::Paid, RequestStage::Sharing { leader: 0 }) };
			view.requests.insert(NAME, sharing);
		}),
		(Item::Market(NAME), &|view| drop(view.jobs.insert(NAME, Job { due: NOW, ..job(JobStage::Counting) }))),
		(Item::Window, &|view| {
			view.window = Some(Window { stage: WindowStage::Placing { seed_from: 0 }, due: NOW });
		}),
	] {
		let mut turns = BTreeSet::new();
		for operator in 1..=50 {
			let moved = moves_on([operator; 32], 30, put);
			assert!(matches!(moved.as_slice(), [(Say::Advance(of), 6..22)] if *of == item), "{item:?}: {moved:?}");
			turns.insert(moved[0].1);
		}
		assert!(turns.len() >= 12, "{item:?}: {turns:?}");
	}
	let nothing: [&dyn Fn(&mut View); 5] = [
		// Its own worker was late: whoever waits for it may say so.
		&|view| {
			let sold = Job { run: Some(run(vec![])), due: NOW, ..job(JobStage::Working) };
			view.jobs.insert(NAME, sold);
			view.operator = US;
		},
		&|view| drop(view.tasks.insert(NAME, sitting(JuryStage::Closed))),
		&|view| {
			let mut accepted = due(Stage::Accepted);
			accepted.task.due = BlockNumber::MAX;
			view.tasks.insert(NAME, accepted);
		},
		&|view| {
			let validating = RequestStage::Validating { leader: 0, is_paid: false };
			view.requests.insert(NAME, Request { due: NOW, ..request(Racing::Paid, validating) });
		},
		&|view| drop(view.jobs.insert(NAME, Job { due: BlockNumber::MAX, ..job(JobStage::Ending) })),
	];
	for put in nothing {
		assert_eq!(moves_on(US, 100, put), []);
	}
	let mut opening = due(Stage::Opening);
	opening.task.request.provider = US;
	opening.checks.insert(3, Check { opening: None, ..check(None) });
	let late = moves_on(US, 30, |view| drop(view.tasks.insert(NAME, opening.clone())));
	assert!(matches!(late.as_slice(), [(Say::PostOpenings { .. }, 0)]), "{late:?}");
	opening.checks.get_mut(&3).unwrap().opening = Some([0; 32]);
	let shown = moves_on(US, 30, |view| drop(view.tasks.insert(NAME, opening.clone())));
	assert!(matches!(shown.as_slice(), [(Say::Advance(Item::Task(NAME)), 6..22)]), "{shown:?}");
	let many = |view: &mut View| {
		view.tasks = (0..20).map(|number| ([number; 32], due(Stage::Sealed))).collect();
		view.now = view.now.saturating_add(100);
	};
	assert_eq!(moves_on(US, 1, many).len(), 4, "the others next time");
}

#[test]
fn whoever_finds_another_number_of_leaves_than_the_leader_raises_an_alarm_in_time() {
	let race = |mine, theirs| {
		let committed = |leaves| Racing::Committed { commitment: [0; 32], leaves };
		let mut race = request(committed(mine), RequestStage::Validating { leader: 1, is_paid: false });
		race.racers.push(Racer { operator: THEM, device: 9, racing: committed(theirs) });
		race
	};
	assert!(race(4, 5).differs_from_leader(&US));
	assert!(!race(4, 4).differs_from_leader(&US), "more than that nobody knows before the reveal");
	assert!(!race(4, 5).differs_from_leader(&THEM), "it leads");
	let running = Request { stage: RequestStage::Racing, ..race(4, 5) };
	assert!(!running.differs_from_leader(&US), "there is no leader yet");
	let mut earlier = race(4, 5);
	earlier.race.first = 1;
	assert!(!earlier.differs_from_leader(&US), "that was in an earlier race");

	let mut view = view();
	view.requests.insert(NAME, race(4, 5));
	assert_eq!(planned(&view, &Works::new()), [], "somebody has said so, or it is too late");
	view.alarming.insert(NAME);
	let alarm = Action::Say { what: Say::Alarm { request: NAME }, due: NOW + 74 };
	assert_eq!(planned(&view, &Works::new()), [alarm]);
	let mut silent = config();
	silent.market.alarms = false;
	assert_eq!(plan(&view, &Works::new(), &silent), []);
}

#[test]
fn a_leaf_is_challenged_if_it_is_certainly_wrong_was_computed_twice_and_the_bond_is_free() {
	let again = leaf();
	let digest = ogpu_protocol::leaf::Leaf::from(again).digest(crate::job::blake2, &NAME, 3);
	let doubts = vec![Doubt { leaf: 3, opening: [4; 32], digest }];
	let mut rival = task(THEM, Stage::Challengeable).task;
	// 22 times the fee of a check, for the first one.
	rival.request.leaf_fee = ogpu(1.0);
	let mut config = config();
	config.market.most_challenge_bond = 22.0;
	let step = |config: &Config, purse, rival: &Task, check: Check, again: Option<LeafForm>| {
		let mut view = view();
		let committed = Racing::Committed { commitment: [0; 32], leaves: 10 };
		let mut request = request(committed.clone(), RequestStage::Validating { leader: 1, is_paid: false });
		request.racers.push(Racer { operator: THEM, device: 9, racing: committed });
		view.requests.insert(NAME, request);
		view.challengeable.insert(NAME, (rival.clone(), [(3, check)].into()));
		view.purse = ogpu(purse);
		let mut works = works(RESULT, Undertaken { doubts: doubts.clone(), ..work(Phase::Committed) });
		works.extend(again.map(|leaf| (CHECK, Undertaken { leaf: Some(leaf), ..work(Phase::Computed) })));
		plan(&view, &works, config)
	};
	let none = Check { opening: None, ..check(None) };
	let first = step(&config, 100.0, &rival, none.clone(), None);
	let [again_first] = done(&first)[..] else { panic!("{first:?}") };
	assert!(matches!(again_first.what, What::Check { leaf: 3, opening: [4, ..], provider: US, .. }), "{again_first:?}");
	assert_eq!((&again_first.id, again_first.device), (&CHECK, Some(DEVICE)));
	assert_eq!(said(&first), [], "not before it was computed twice");
	let challenge = [Say::Challenge { task: NAME, leaf: 3 }];
	assert_eq!(said(&step(&config, 100.0, &rival, none.clone(), Some(again))), challenge);
	let other = LeafForm { trace: [9; 32], ..again };
	assert_eq!(step(&config, 100.0, &rival, none.clone(), Some(other)), [], "this machine is no witness");
	assert_eq!(step(&config, 22.9, &rival, none.clone(), Some(again)), [], "the bond is not free");
	let second = Task { challenges: 1, ..rival.clone() };
	assert_eq!(step(&config, 100.0, &second, none.clone(), Some(again)), [], "the second one costs twice as much");
	let said_so = Check { challenge: Some((THEM, 1)), ..none.clone() };
	assert_eq!(step(&config, 100.0, &rival, said_so, Some(again)), [], "somebody has");
	let drawn = check(Some(Answer::Revealed));
	assert_eq!(step(&config, 100.0, &rival, drawn, Some(again)), [], "somebody was drawn to check it");
	config.market.most_challenge_bond = 0.0;
	assert_eq!(step(&config, 100.0, &rival, none, Some(again)), []);
}

#[test]
fn a_device_without_a_fresh_score_takes_part_in_the_benchmark() {
	let mut view = view();
	let stage = WindowStage::Open { seed: [3; 32], opened: NOW, devices: DEVICE + 1 };
	view.window = Some(Window { stage, due: NOW + 40 });
	assert_eq!(planned(&view, &Works::new()), []);
	view.devices.get_mut(&DEVICE).unwrap().measured = None;
	let actions = planned(&view, &Works::new());
	assert_eq!(done(&actions)[0].due, NOW + 37);
	let id = done(&actions)[0].id.clone();
	let WorkId::Result { task } = id else { unreachable!() };
	let computed = works(id, work(Phase::Computed));
	assert_eq!(said(&planned(&view, &computed)), [Say::CommitBenchmark { device: DEVICE, task }]);
	let stage = WindowStage::Open { seed: [3; 32], opened: NOW, devices: DEVICE };
	view.window = Some(Window { stage, due: NOW + 40 });
	assert_eq!(planned(&view, &Works::new()), [], "it was registered too late");
}

#[test]
fn what_is_over_is_settled_and_the_most_urgent_comes_first() {
	let over = works(RESULT, work(Phase::Revealed));
	assert_eq!(planned(&view(), &over), [Action::Settle(RESULT)]);
	let serving = Undertaken { serve_until: Some(1), ..work(Phase::Serving) };
	assert_eq!(planned(&view(), &works(RESULT, serving)), []);

	let mut view = view();
	let computed: Works = [([1; 32], 50), ([2; 32], 10), ([3; 32], 30)]
		.map(|(name, _)| (WorkId::Result { task: name }, work(Phase::Computed)))
		.into();
	for (name, left) in [([1; 32], 50), ([2; 32], 10), ([3; 32], 30)] {
		let mut request = request(Racing::Running, RequestStage::Racing);
		request.race.closes = NOW + left;
		view.requests.insert(name, request);
	}
	let order = [[2; 32], [3; 32], [1; 32]].map(|request| Say::Commit { request });
	assert_eq!(said(&planned(&view, &computed)), order);
}
