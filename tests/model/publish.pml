/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The publish protocol, for spin: who may make what live, and what may be
 * removed meanwhile. Two owners (holdfastd, or one and its successor) read what
 * is live, build a generation on it, activate it, commit it, and clean up; the
 * data plane compares, loads, swaps and writes `current`; an operator rolls back
 * and pins through the data plane. Everybody may be slow between any two steps
 * (stalled, then awake again) and may die there: a dead owner starts anew, a
 * dead data plane boots from the store. A request that a dead owner has sent is
 * still read.
 *
 *   owner 1, owner 2          data plane            operator
 *     look  ------------------> number, stable
 *     build: cells, manifest
 *     activate -----request---> compare, load,
 *                               compare, swap
 *     (clean)                   deadline: return     rollback: wanted, load,
 *     commit -------request---> move, current, swap            current, swap
 *     clean: choose, removing,                       pin, the same offline
 *            look again, remove
 *
 * What is modelled after which code: control/publish/publisher.c and cycle.c
 * (owner), dataplane/poll/activation.c and boot.c (data plane),
 * snapshot/store_commit.c (moving `current`), snapshot/store_retain.c (clean).
 *
 * A generation is a number; it names two cells, one of its parent's and one
 * that may be there already (cells are named by their content). The masks below
 * are sets of generations or of cells. Mutations (-D, see run.py) each take one
 * rule away, and spin must then find a state that the assertions forbid.
 */

#ifndef GENERATIONS
#define GENERATIONS 4 /* the first is live at the start */
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 1
#endif
#ifndef RETAIN
#define RETAIN 2 /* 1: `current` alone, 2: its parent too */
#endif
#ifndef PINS
#define PINS 1
#endif

#define CELLS     3
#define NONE      15
#define BIT(x)    (1 << (x))
#define HAS(s, x) (((s) >> (x)) & 1)

/* What stands where a mutation takes nothing away. */
#ifdef NO_COMPARISON
#define COMPARED_BEFORE(yes) true
#define COMPARED_LAST(yes)   true
#elif defined(COMPARED_ONCE_AT_THE_START)
#define COMPARED_BEFORE(yes) (yes)
#define COMPARED_LAST(yes)   true
#else
#define COMPARED_BEFORE(yes) (yes)
#define COMPARED_LAST(yes)   (yes)
#endif
#ifdef ANYBODY_MAY_ACTIVATE
#define OWNS(c) true
#else
#define OWNS(c) ((c) == owning)
#endif
#ifdef STALE_PLANS_PASS /* the parent is not what is looked for */
#define built_on(g, live) skip
#else
#define built_on(g, live) assert(parent[g] == (live))
#endif

/* --- the store */
byte cells = 1;       /* files in cells/ */
byte candidates = 0;  /* manifests in candidates/ */
byte generations = 1; /* manifests in generations/ */
byte current = 0, number = 1;
byte wanted = NONE; /* what a rollback is about to name */
byte removing = 0;  /* what a clean-up is about to remove */
byte pins = 0;
byte owner_lock = 0, commit_lock = 0; /* who holds them */

/* --- what is in the files */
byte made = 1;
byte parent[GENERATIONS];
byte names[GENERATIONS]; /* cells */

/* --- the data plane */
bool up = 0, busy = 0;
byte now = 0, stable = NONE, candidate = NONE;
byte owning = 0; /* the connection that may activate and commit */

/* --- connections of owners */
mtype = { activate, commit, waiting, ok, refused, lost };
byte connection[3], connections = 0;
mtype reply[3];
chan requests[3] = [1] of { mtype, byte, byte, byte };

/* --- what somebody was told */
byte promised = 0; /* the last number that was answered from as stable */
byte pinned = 0;

byte deaths = DEATHS, rollbacks = ROLLBACKS, pinnings = PINS;
byte publishing = NONE; /* built a moment ago: no hour has passed */

#define DATAPLANE 4
#define OPERATOR  5

#define MANIFEST(g) (HAS(candidates, g) || HAS(generations, g))
#define WHOLE(g)    (MANIFEST(g) && (names[g] & ~cells) == 0)

/* Nothing that somebody names is gone, and no manifest lacks a cell. Behind
 * everything that writes or removes. */
inline check_store()
{
	assert(WHOLE(current));
	/* but one that a rollback is about to leave: the memory has it */
	assert(stable == NONE || WHOLE(stable) || (busy && current != stable));
	assert(candidate == NONE || WHOLE(candidate));
	x = 0;
	do
	:: x < GENERATIONS ->
		assert(!MANIFEST(x) || (names[x] & ~cells) == 0);
		assert(!HAS(pinned, x) || WHOLE(x));
		x++
	:: else -> break
	od;
	x = 0
}

#if DEATHS
#define MAY_DIE                                                                \
	if                                                                     \
	:: atomic { deaths > 0 -> deaths-- } goto dead                         \
	:: true                                                                \
	fi
#else
#define MAY_DIE skip
#endif

/* --- `current`: by who holds the commit lock */
inline write_current(g, n)
{
	d_step {
		assert(n > number);
		current = g;
		number = n;
		check_store()
	}
}

/* The manifest is in generations/ before `current` names it. */
inline move_candidate(g)
{
	d_step {
		assert(MANIFEST(g));
		candidates = candidates & ~BIT(g);
		generations = generations | BIT(g)
	}
}

/* --- the owner */
inline ask(what, n, g)
{
	atomic {
		if
		:: connection[i] ->
			reply[i] = waiting;
			requests[i]!what, connection[i], n, g
		:: else -> reply[i] = lost
		fi
	}
	if
	:: atomic { reply[i] != waiting -> answer = reply[i]; reply[i] = 0 }
#if DEATHS
	:: atomic { deaths > 0 -> deaths-- } goto dead
#endif
	fi
}

/* What retention keeps: current, its parent, pins, what a rollback wants, and
 * candidates for an hour: neither one that the data plane has nor one that was
 * built a moment ago is that old. And the cells that these name. */
inline choose()
{
	d_step {
		seen_current = current;
		seen_pins = pins;
		seen_wanted = wanted;
#ifdef CLEANER_KEEPS_THE_NEWEST
		kept = BIT(made - 1);
#else
		kept = BIT(current) | pins;
		if
		:: RETAIN > 1 && parent[current] != NONE ->
			kept = kept | BIT(parent[current])
		:: else
		fi;
		if
		:: wanted != NONE -> kept = kept | BIT(wanted)
		:: else
		fi;
#ifndef CLEANER_IGNORES_CANDIDATES
		if
		:: candidate != NONE -> kept = kept | BIT(candidate)
		:: else
		fi;
		if
		:: publishing != NONE -> kept = kept | BIT(publishing)
		:: else
		fi;
#endif
#endif
		doomed = (candidates | generations) & ~kept;
		named = 0;
		x = 0;
		do
		:: x < GENERATIONS && MANIFEST(x) && !HAS(doomed, x) ->
			named = named | names[x];
			x++
		:: x < GENERATIONS && !(MANIFEST(x) && !HAS(doomed, x)) -> x++
		:: x == GENERATIONS -> break
		od;
		x = 0
	}
}

inline remove_manifests()
{
	d_step {
		candidates = candidates & ~doomed;
		generations = generations & ~doomed;
		check_store()
	}
}

inline remove_cells()
{
	y = 0;
	do
	:: y < CELLS && HAS(cells, y) && !HAS(named, y) ->
		d_step {
			cells = cells & ~BIT(y);
			y++;
			check_store()
		}
		MAY_DIE
	:: y < CELLS && !(HAS(cells, y) && !HAS(named, y)) -> y++
	:: y == CELLS -> break
	od;
	y = 0
}

proctype owner(byte i)
{
	byte base, expect, g = NONE, kept, doomed, named, x, y;
	byte seen_current, seen_pins, seen_wanted;
	bool through, activated;
	mtype answer;

start:
	if
#ifdef NO_OWNER_LOCK
	:: true
#else
	:: atomic { owner_lock == 0 -> owner_lock = i; removing = 0 }
#endif
	:: made == GENERATIONS -> goto done
	fi;

look:
	atomic {
		if
		:: made == GENERATIONS -> goto leave
		:: made < GENERATIONS && up && !busy ->
			if
			:: connection[i] == 0 ->
				connections++;
				connection[i] = connections;
				owning = connections
			:: else
			fi;
			expect = now;
			base = stable;
			through = 1
		:: made < GENERATIONS && !up && commit_lock == 0 ->
			expect = number;
			base = current;
			through = 0
		fi
	}
	MAY_DIE;

	/* build: a cell stays the parent's, another is perhaps one that was
	 * there before */
	atomic {
		if
		:: made < GENERATIONS ->
			g = made;
			made++;
			publishing = g;
			parent[g] = base;
			if
			:: HAS(names[base], 2) -> names[g] = BIT(2)
			:: !HAS(names[base], 2) && HAS(names[base], 1) ->
				names[g] = BIT(1)
			:: else -> names[g] = BIT(0)
			fi;
			if
			:: y = 1
			:: y = 2
			fi;
			names[g] = names[g] | BIT(y)
		:: else -> goto leave
		fi
	}
#ifdef MANIFEST_BEFORE_CELLS
	d_step { candidates = candidates | BIT(g); check_store() }
#endif
	if
	:: !HAS(cells, y) -> cells = cells | BIT(y)
	:: HAS(cells, y) /* a file that is there is not written again */
	fi;
	y = 0;
	MAY_DIE;
	d_step { candidates = candidates | BIT(g); check_store() }
	MAY_DIE;

	if
	:: through ->
		ask(activate, expect, g);
		if
		:: answer == ok -> expect++; activated = 1; goto clean
		:: else
		fi
	:: !through ->
		/* with no data plane: the commit lock, compare, `current` */
		if
		:: atomic { commit_lock == 0 -> commit_lock = i };
			if
			:: COMPARED_LAST(number == expect && current == base) ->
				built_on(g, current);
				move_candidate(g);
				MAY_DIE;
				write_current(g, number + 1)
			:: else
			fi;
			atomic { commit_lock = 0; promised = number }
		:: commit_lock != 0 /* busy: this turn has failed */
		fi
	fi;

published:
	MAY_DIE;
	publishing = NONE;

	/* during the canary (activated), or after all */
clean:
#ifndef NO_CLEANER
	if
	:: goto cleaned /* not every time */
	:: true
	fi;
	choose();
	if
	:: doomed == 0 && (cells & ~named) == 0 -> goto cleaned
	:: else
	fi;
	MAY_DIE;
#ifndef CLEANER_LOOKS_ONCE
	removing = doomed;
	MAY_DIE;
	if
	:: current != seen_current || pins != seen_pins ||
	   wanted != seen_wanted -> goto cleaned
	:: else
	fi;
#endif
#ifdef CELLS_GO_FIRST
	remove_cells();
	remove_manifests();
#else
	remove_manifests();
	MAY_DIE;
	remove_cells();
#endif
cleaned:	skip;
	d_step {
		removing = 0;
		doomed = 0;
		kept = 0;
		named = 0;
		seen_current = 0;
		seen_pins = 0;
		seen_wanted = 0
	}
#endif
	if
	:: activated ->
		activated = 0;
		ask(commit, expect, g);
		goto published
	:: else
	fi;
	d_step { g = NONE; answer = 0; base = 0; expect = 0; through = 0 }
	goto look;

dead:	skip; /* what it has sent may be read yet; its locks are free */
	d_step {
		connection[i] = 0;
		reply[i] = 0;
		if
		:: owner_lock == i -> owner_lock = 0
		:: else
		fi;
		if
		:: commit_lock == i -> commit_lock = 0
		:: else
		fi;
		if
		:: publishing == g -> publishing = NONE
		:: else
		fi;
		g = NONE; answer = 0; base = 0; expect = 0; through = 0;
		activated = 0; doomed = 0; kept = 0; named = 0; x = 0; y = 0;
		seen_current = 0; seen_pins = 0; seen_wanted = 0
	}
	goto start;
leave:	skip;
	d_step {
		connection[i] = 0;
		if
		:: owner_lock == i -> owner_lock = 0
		:: else
		fi
	}
done:	skip
}

/* --- the data plane */
inline tell(what)
{
	d_step {
		if
		:: connection[from] == c -> reply[from] = what
		:: else
		fi;
		busy = 0;
		c = 0; n = 0; g = NONE
	}
}

/* A rollback as it looks to a request that is being loaded meanwhile. */
inline roll_in_between(t)
{
	d_step {
		t = 0;
		do
		:: t < GENERATIONS && !(HAS(generations, t) && t != stable) -> t++
		:: else -> break
		od;
		if
		:: t < GENERATIONS && rollbacks > 0 ->
			rollbacks--;
			current = t;
			now++;
			number = now;
			stable = t;
			candidate = NONE;
			promised = number
		:: else
		fi;
		t = NONE
	}
}

proctype dataplane()
{
	byte c, n, from, x;
	byte g = NONE, t = NONE;
	mtype word;

end_down: /* waits here for ever when all is done */
	atomic { commit_lock == 0 -> commit_lock = DATAPLANE }
	/* boots from the store alone */
	d_step {
		assert(number >= promised);
		check_store();
		if
		:: now < number -> now = number
		:: else
		fi;
		stable = current;
		promised = number;
		up = 1
	}

end_serve:
	if
	:: atomic { requests[1]?word, c, n, g -> busy = 1; from = 1 }
	:: atomic { requests[2]?word, c, n, g -> busy = 1; from = 2 }
	:: atomic { candidate != NONE -> candidate = NONE; now++ } goto end_serve
	:: atomic { rollbacks > 0 -> rollbacks--; busy = 1 } goto rollback
	:: atomic { pinnings > 0 -> pinnings--; busy = 1 } goto pin
	:: atomic { deaths > 0 -> deaths-- }; goto dead
	fi;
	if
	:: OWNS(c)
	:: !OWNS(c) -> tell(refused); goto end_serve
	fi;
	if
	:: word == commit && COMPARED_BEFORE(n == now && candidate == g) &&
	   MANIFEST(g) ->
		goto to_commit
	:: word == activate && COMPARED_BEFORE(n == now && parent[g] == stable) ->
		skip
	:: else -> tell(refused); goto end_serve
	fi;

	/* activate: loading takes its time */
	if
	:: !WHOLE(g) -> tell(refused); goto end_serve
	:: WHOLE(g)
	fi;
	MAY_DIE;
	if
	:: roll_in_between(t)
	:: true
	fi;
	atomic {
		if
		:: COMPARED_LAST(n == now && parent[g] == stable) ->
			built_on(g, stable);
			candidate = g;
			now++;
			check_store();
			tell(ok)
		:: else -> tell(refused)
		fi
	}
	goto end_serve;

to_commit:
	built_on(g, stable);
	move_candidate(g);
	MAY_DIE;
#ifdef SERVED_BEFORE_WRITTEN
	d_step { stable = g; candidate = NONE; now++; promised = now }
	MAY_DIE;
	write_current(g, now);
#else
	write_current(g, now + 1);
	MAY_DIE;
	d_step { stable = g; candidate = NONE; now++; promised = now }
#endif
	MAY_DIE;
	tell(ok);
	goto end_serve;

	/* the operator's word: any committed generation, from any connection */
rollback:
	if
	:: t = 0
	:: t = 1
	:: t = 2
	fi;
#ifndef CLEANER_LOOKS_ONCE
	wanted = t;
	MAY_DIE;
#endif
	if
	:: t == stable || !HAS(generations, t) || HAS(removing, t) -> goto rolled
	:: else
	fi;
#ifndef CLEANER_LOOKS_ONCE
	assert(WHOLE(t)); /* nobody takes it away any more */
#endif
	/* loaded */
	MAY_DIE;
	atomic {
		if
		:: candidate != NONE -> candidate = NONE; now++
		:: else
		fi
	}
	if
	:: !MANIFEST(t) -> goto rolled
	:: MANIFEST(t) -> move_candidate(t)
	fi;
	MAY_DIE;
	write_current(t, now + 1);
	MAY_DIE;
	d_step { stable = t; now++; promised = now }
rolled:	skip;
	d_step { busy = 0; t = NONE }
	goto end_serve;

pin:
	if
	:: t = 0
	:: t = 1
	fi;
#ifdef PIN_LOOKS_FIRST
	if
	:: HAS(generations, t) -> MAY_DIE; pins = pins | BIT(t)
	:: else -> goto unpinned
	fi;
#else
	pins = pins | BIT(t);
	MAY_DIE;
	if
	:: !HAS(generations, t) || HAS(removing, t) ->
		pins = pins & ~BIT(t);
		goto unpinned
	:: else
	fi;
#endif
	d_step { pinned = pinned | BIT(t); check_store() }
unpinned:	skip;
	d_step { busy = 0; t = NONE }
	goto end_serve;

dead:	skip; /* its connections are closed, what was sent is gone */
	d_step {
		up = 0; busy = 0;
		stable = NONE; candidate = NONE;
		commit_lock = 0;
		owning = 0;
		do
		:: nempty(requests[1]) -> requests[1]?word, c, n, g
		:: nempty(requests[2]) -> requests[2]?word, c, n, g
		:: empty(requests[1]) && empty(requests[2]) -> break
		od;
		connection[1] = 0; connection[2] = 0;
		if
		:: reply[1] == waiting -> reply[1] = lost
		:: else
		fi;
		if
		:: reply[2] == waiting -> reply[2] = lost
		:: else
		fi;
		c = 0; n = 0; from = 0; g = NONE; t = NONE; word = 0; x = 0
	}
	goto end_down
}

/* `holdfast rollback` on a store that nobody uses: takes both locks. */
proctype operator()
{
	byte x, t;

	if
	:: atomic { rollbacks > 0 && owner_lock == 0 && commit_lock == 0 ->
		owner_lock = OPERATOR; commit_lock = OPERATOR; rollbacks-- }
	:: made == GENERATIONS -> goto done
	fi;
	if
	:: t = 0
	:: t = 1
	:: t = 2
	fi;
	if
	:: t != current && HAS(generations, t) ->
		move_candidate(t);
		MAY_DIE;
		write_current(t, number + 1)
	:: else
	fi;
dead:	skip;
	d_step { owner_lock = 0; commit_lock = 0 }
done:	skip
}

init {
	d_step { names[0] = BIT(0); parent[0] = NONE }
	atomic {
		run dataplane();
		run owner(1);
		run owner(2);
#ifdef OFFLINE
		run operator()
#endif
	}
}
