/*
Runner measures how much a language model forgets while it learns. It
fine-tunes the model on one task after the other with each method of a suite.
After each task it scores every task, and a battery of facts that the model
knew before. Then it prints how much was learned, kept and forgotten.

# The main job

	$ runner -suite continual16

Six methods learn sixteen tasks. Progress comes on standard error, the tables
on standard output. Everything that was measured lies in runs/continual16.

The first run installs the plugin that computes (XLA) and says so; runner setup
installs it alone. -no-download forbids all downloads. -backend go does without
XLA and takes 5 to 8 times as long.

Give the same command again after an interruption, and the run goes on where it
stopped. When the run is done, the same command prints the tables at once.

Without a command's name, run is meant:

	$ runner run -suite continual16 -methods seq,secura -seeds 3 -out runs/two
	$ runner run -suite continual16 -methods seq,joint -out runs/bound
	$ runner run -suite smoke -set training.steps=12 -jobs 1

Seeds, orders and methods may be added to a run later. Any other change of its
settings is refused and named: numbers of two settings do not compare.

# Suites

A suite is a YAML file: the tasks, the methods, and how the methods are trained
and evaluated. These are embedded:

	$ runner list suites
	ablation             SECURA with one part changed at a time: S-MagNorm, merging, selection, ranks,
	                     space, normalisation, restraint.
	benchmarks           HellaSwag, MMLU, TruthfulQA, GPQA, RACE, SQuAD, ANLI, GLUE and SuperGLUE with
	                     the harness's prompts; the data lie below -data.
	continual16-real     A stream of sixteen public data sets, for real backbones; the data lie below
	                     -data.
	continual16          A stream of sixteen built-in tasks of four families, with the knowledge battery
	                     at every boundary.
	gradients            Gradient norms per adapter matrix and the other measures of each step, for
	                     LoRA, CUR-LoRA, CABR and SECURA as specified and as released.
	norms                Norms and effective rank of the update of the adapted weights along a stream of
	                     four tasks.
	olora-long           O-LoRA's long benchmark, orders 4 to 6: fifteen classification sets of GLUE,
	                     SuperGLUE and others; the data lie below -data.
	olora-standard       O-LoRA's standard benchmark, orders 1 to 3: DBpedia, Amazon, Yahoo and AG News;
	                     the data lie below -data.
	orders               Eight tasks in several orders, each on several seeds: the spread between orders
	                     beside that between seeds.
	paper-nano           The paper's protocol on the embedded backbone: one task of each of four
	                     families, all evaluated after each quarter of a task: 16 tests.
	paper-released-nano  SECURA's released code as its authors configured it, on the embedded backbone:
	                     its presets, protocol and measure.
	paper-released       SECURA's released code as its authors configured it: EXP5 with its presets,
	                     protocol, form of prompts and measure; the four data sets, 2000 steps each.
	paper                The paper's four data sets (GSM8K, CNN/DailyMail, NewsDE, LogiQA), 2000 steps
	                     each, all evaluated every 500: 16 tests.
	retention            Base knowledge along the fine-tuning on two tasks at the paper's learning rate
	                     of 1e-3.
	rivals               The paper's methods beside others of the literature on the stream of
	                     continual16.
	smoke                A quick pass through every stage; its numbers mean nothing.
	smollm16             Sixteen public tasks of short prompts, for SmolLM2-135M-Instruct: the paper's
	                     methods, SECURA by the width and as released, and some of their rivals; the
	                     data lie below -data.
	trace                TRACE's eight tasks: stances, summaries, code, science, arithmetic and
	                     simplified German; the data lie below -data.
	variants             LoRA, DoRA, CUR-LoRA, CABR and SECURA M1 and M2 on four multiple-choice and
	                     five question-answering tasks, each learned alone.

A suite of your own may extend another one and name only what differs. show
prints a suite whole, as YAML that runs. validate checks the suite, every data
file and every row before hours are spent:

	$ runner show smoke > mine.yaml
	$ runner validate mine.yaml -data /data

For a name that is wrong, the error gives the nearest known one:

	$ runner -suite smok
	runner: load suite smok: unknown suite "smok"; did you mean "smoke"? Known: ablation, benchmarks, continual16-real, continual16, gradients, norms, olora-long, olora-standard, orders, paper-nano, paper-released-nano, paper-released, paper, retention, rivals, smoke, smollm16, trace, variants. A file's name ends in .yaml

# Tuning

Numbers of two methods compare only if both were tuned alike. tune gives each
method the same number of trials. Half of them try learning rates, over a grid
that suits the kind of adapter. Each further round tries what lies next to the
best trial so far, beyond the grid too: another learning rate, or another value
of the method's own coefficient, such as EWC's lambda and SECURA's sizes. The two
best are run again on two further seeds, and the mean decides. A trial learns all
of the suite's tasks, in another order and with other random numbers, and is
scored on the validation split. No process of a tuning can open a test split.

	$ runner tune continual16 -trials 8
	$ runner tune continual16 -methods ewc,i-lora -objective learning_accuracy
	$ runner run -suite runs/continual16-tune/tuned.yaml

tune prints the trials and the choices and writes them into
runs/continual16-tune. tune.json has all trials. tuned.yaml is a suite with the
choices and a reason for each; the report of its run shows the budget. The same
command goes on with a tuning that was interrupted, and comes to the same choices.

# Data

A task is a folder of Parquet files and a few lines of YAML: templates make a
prompt, an answer and options out of a row's columns. The built-in tasks are
embedded and can be written out, byte for byte:

	$ runner data build -out built
	$ runner data inspect built/syllogisms/train.parquet

fetch brings a data set of the hub into the hub's cache and into a folder for
-data:

	$ runner data fetch openai/gsm8k -config main -out data

# Backbones

-backbone takes the embedded nano, a folder as on Hugging Face's hub, a GGUF
file of a Llama or Qwen2 model, or a repository's name. A repository is looked
for in the hub's cache and then downloaded. Quantised weights become float32.

	$ runner eval -backbone models/tiny
	$ runner validate smoke -backbone SmolLM2-135M-Instruct.Q4_1.gguf
	$ runner -suite smoke -backbone Qwen/Qwen2.5-0.5B

With chat=true a model that was trained to chat is asked by its own chat
template: the prompt is a user's turn, the answer the assistant's.

	$ runner eval smoke -backbone Qwen/Qwen2.5-0.5B-Instruct -set chat=true

-set dtype=bf16 holds the weights that no method changes as bfloat16 and
multiplies by them in that precision. This halves their memory on a GPU; on a
processor nothing is gained. What methods change and add stays float32. -set
devices=2 gives each of two devices, such as GPUs, a part of each batch's rows.

Several backbones, separated by commas or listed under backbones: in a suite,
are one run. Its cells are named METHOD.BACKBONE-s0-o0. Its report sets the
backbones side by side and has the tables of each. Tests pair methods within
one backbone only.

	$ runner run -suite smoke -backbone nano,models/tiny -out runs/both
	$ runner report runs/both -explain secura.tiny.acc

HF_HOME or HF_HUB_CACHE places the cache, HF_ENDPOINT names another server, and
HF_TOKEN is an access token, else the one that 'hf auth login' stores counts.
HF_HUB_OFFLINE=1, TRANSFORMERS_OFFLINE=1 and -no-download forbid downloads.
A download that was cut off goes on where it stopped, and every checksum is
compared.

# Results

Reports are made from a run's records alone, on any machine:

	$ runner report runs/continual16 -format markdown
	$ runner report runs/continual16 -format html
	$ runner status runs/continual16

The page, report.html, is one file that needs no network. It has charts, tables
that sort, and the test examples of one seed: what each method answered before
and after each task.

report also writes results.json with every metric, each table as LaTeX and CSV,
and each figure as SVG and PNG. The best of a column is marked only where it
beats every other method by the paired test. -table prints some tables alone.
Several runs, such as one for each backbone, are set side by side:

	$ runner report runs/continual16 -table summary,per-task -format latex
	$ runner report runs/qwen runs/llama -table summary

watch follows a run from any terminal, also one that was started elsewhere.
-http serves its page, which updates itself, until Ctrl-C. -tensorboard keeps event files.

	$ runner watch runs/continual16
	$ runner watch runs/continual16 -http :8080
	$ runner watch runs/continual16 -tensorboard events

compare sets methods of one run against each other, or a method of one run
against itself in another, on the seeds that both have. It prints intervals,
effect sizes and tests:

	$ runner compare runs/continual16 -methods secura,seq
	$ runner compare runs/continual16 runs/other -methods secura

With -fail it is a gate for CI. It ends with code 3 where the whole 95% interval
of a difference, in points, shows one of the losses. Where seeds are too few for
an interval it ends with code 1, for what was not measured is no success:

	$ runner compare runs/new runs/before -fail 'knowledge_retention<-2,forgetting>2'

-explain prints the lines of the records that a number was made of, and the
arithmetic between them:

	$ runner report runs/continual16 -explain secura.knowledge_retention

Further tables show how far the weights moved, the gradient norms of each
matrix, each method's own measures, and what a suite's evaluation measures
beside the scores. A suite that names a table under tables has it in its report:

	$ runner report runs/continual16 -table norms,gradients,steps

-cite prints as BibTeX what a run rests on: the paper, its methods, metrics and
data sets:

	$ runner report runs/continual16 -cite > secura.bib

-checklist fills in what the checklists of NeurIPS and ARR ask, and marks what
only the author knows:

	$ runner report runs/continual16 -checklist > checklist.md

-claims sets the claims of SECURA's paper against what a run measured, each with
its interval and a verdict, and shows how the published code and equations
behave by its records. -with adds runs for claims that the first did not
measure:

	$ runner report runs/continual16 -claims -with runs/variants

What the numbers of a table mean:

	$ runner list metrics
	acc                  mean over tasks of R[N][j]: the score at the end of the stream
	learning_accuracy    mean of R[j][j]: the score right after a task was learned
	gain                 mean of R[j][j] - R[0][j]: what learning a task added to the base row
	bwt                  backward transfer, mean of R[N][j] - R[j][j]; below 0 is forgetting
	fwt                  forward transfer, mean of R[j-1][j] - R[0][j]
	forgetting           mean of the best earlier score of a task minus its last one
	aia                  mean over boundaries i of the mean score on the tasks learned by then
	min_acc              mean over tasks of the lowest score after the task was learned
	task_retention       mean of R[N][j] / R[j][j]
	knowledge_retention  K[N] / K[0]: the share of base knowledge that is left
	knowledge_final      K[N]
	knowledge_min        the lowest K[i] from i = 1 on
	knowledge_delta      K[N] - K[0]
	intransigence        mean of the joint run's score minus R[j][j]
	perplexity_drift     nats per token on held-out base text, after minus before
	of runs with evaluation.every_steps:
	stability_gap   largest drop of the earlier tasks' mean score from a task's start to within it
	stability_back  how much of that drop the same task's end brings back; below 0: they fell on
	worst_case      (R[N][N] + Σ_{j<N} task j's lowest score in any evaluation after its training) / N
	learning_area   mean score of a task while it is learned, by the trapezoid rule over steps
	of runs with evaluation.interpolate:
	acc@MIX                  accuracy at the end of θ₀ + MIX·(θ − θ₀), pretrained θ₀ and evaluated θ
	knowledge_retention@MIX  knowledge retention of θ₀ + MIX·(θ − θ₀)
	text_loss@MIX            loss of θ₀ + MIX·(θ − θ₀) on held-out text, in nats per token
	of runs with tasks with written answers:
	form_before     share of written answers that have the form of the true ones, before the stream
	form_learned    the same right after a task's own training
	form_end        the same at the end of the stream
	lost_with_form  fall of these tasks' scores after their training, by answers that lost the form
	lost_otherwise  the same by other answers
	of runs with a knowledge battery:
	known_kept      share of the battery's items known before the stream that still are at its end
	unknown_gained  share of its other items that are known at the end
	of runs with a knowledge battery of questions with options:
	known_kept_raw       known_kept by the highest summed log-likelihood of an option
	unknown_gained_raw   unknown_gained by the same
	knowledge_base_raw   the untouched backbone's share of right answers by the same
	knowledge_final_raw  knowledge at the end by the same
	of runs with evaluation.recovery:
	recovered@K  mean score of the tasks but the last after K further examples of each, at the end
	recovery     share of what was forgotten that the most further examples bring back
	of runs with evaluation.kl:
	kl_text_first       KL(backbone ‖ model) on held-out text after the first task, in nats per token
	kl_text             the same at the end of the stream
	kl_knowledge_first  the same on the battery's true answers, after the first task
	kl_knowledge        the same on the battery's true answers, at the end of the stream

R[i][j] is the score on task j after the first i of N tasks were learned; row 0
is the untouched backbone. K[i] is the score on the knowledge battery. A number
that is undefined is printed with its reason, never as 0.

# Trusting a run

A run that was killed at any moment goes on with the same command and ends with
the same bytes. It goes on from the end of the last task, or within a long task
from the last checkpoint (training.checkpoint_every). It goes on with another
backend or plugin only if -allow-backend-change is given, and its results say
so.

verify checks a run in three ways. It hashes the data and the backbone. It
computes the scores from the predictions and the metrics from the records
again. And it executes one task of each method from its checkpoint: the records
must come out byte for byte. -full executes every cell. Whoever gets a bundle
can do the same. Another processor or plugin may make other last bits; verify
then compares scores only, to 0.0001 up to the first task that it executes, and
says how far later ones drift apart.

	$ runner verify runs/continual16
	$ runner report runs/continual16 -bundle continual16.tar.zst
	$ runner verify continual16.tar.zst -cells secura-s0-o0

# Taking a model along

export writes what a cell has learned as an adapter for peft, where the update
has few ranks (LoRA, DoRA, CUR-LoRA, CABR), or as a whole model for
transformers. README.md in the folder is the model's card for the hub:

	$ runner export runs/continual16/cells/cur-lora-s0-o0 -out adapter
	$ runner export runs/continual16/cells/secura-s0-o0 -format merged -out model

# On a cluster

With -engine slurm the cells become a job array. The suite's slurm keys say
what each element asks for: partition, account, gres, cpus, mem, time, extra.
The program and the plan travel in the run's folder, which all nodes must see.

	$ runner run -suite continual16 -seeds 8 -engine slurm -set slurm.time=2:00:00 -dry-run
	$ runner run -suite continual16 -seeds 8 -engine slurm -set slurm.time=2:00:00
	$ runner status runs/continual16
	$ runner cancel runs/continual16

An element begins with its part of the cells, those of one method together.
Then it takes cells that nobody else has. It saves where it stands before the
time limit and when it is preempted, and is queued again. An element whose
worker died is queued again up to three times.

Each cell has one owner. The owner renews a file, the claim, while it works.
When the renewals stop, another may take the cell. So a second array, or a run
on a machine that sees the same folder, shares the work.

# A backbone without training

eval scores a backbone on a suite's tasks as it is, with 95% intervals over the
examples, for comparisons with published zero-shot numbers. Where an answer is
chosen, it prints three accuracies: by log-likelihood per token, in sum, and per
character. -out keeps the scores and, of each example, the prompt and what came
of it:

	$ runner eval continual16 -tasks syllogisms,odd_one_out
	$ runner eval mine.yaml -backbone DIR -data /data -limit 100 -out scores
	$ runner eval continual16 -adapter adapter

# Exit codes

	0    all done
	1    a cell failed or diverged, or data or files were wrong
	2    wrong usage or an invalid suite
	3    compare -fail: a loss is shown
	130  interrupted; the same command again goes on

`go run ./runner` turns every failure into 1, and when it gets SIGTERM it leaves
the program running. Scripts should build the program and call it.

Each command's -h lists its flags. A command's argument may stand before or
after them.
*/
package main
