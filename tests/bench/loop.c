/* Job A and nothing else: when a cpu's slice is over, its lwp goes to the tail and the head runs. */

#include <stdint.h>
#include <stdlib.h>

struct event {
	int64_t tick;
	int32_t cpu;
};

static int
before(struct event a, struct event b)
{
	return a.tick < b.tick || (a.tick == b.tick && a.cpu < b.cpu);
}

/* Give the first event its new place. */
static void
sink(struct event *heap, int count)
{
	struct event moved = heap[0];
	int at = 0;

	for (int below = 1; below < count; below = 2 * at + 1) {
		if (below + 1 < count && before(heap[below + 1], heap[below]))
			below++;
		if (!before(heap[below], moved))
			break;
		heap[at] = heap[below];
		at = below;
	}
	heap[at] = moved;
}

/* A number that depends on every decision, so that none can be left out. */
int64_t
loop(int cpus, int lwps, int quantum, int64_t decisions)
{
	int waiting = lwps - cpus;
	struct event *heap = malloc(cpus * sizeof(*heap));
	int *queue = malloc(waiting * sizeof(*queue));
	int *running = malloc(cpus * sizeof(*running));
	int head = 0;
	int64_t sum = 0;

	for (int cpu = 0; cpu < cpus; cpu++) {
		heap[cpu] = (struct event){quantum, cpu};
		running[cpu] = cpu;
	}
	for (int i = 0; i < waiting; i++)
		queue[i] = cpus + i;
	for (int64_t i = 0; i < decisions; i++) {
		int cpu = heap[0].cpu;
		int next = queue[head];

		queue[head] = running[cpu];
		head = head + 1 == waiting ? 0 : head + 1;
		running[cpu] = next;
		sum += next;
		heap[0].tick += quantum;
		sink(heap, cpus);
	}
	free(heap);
	free(queue);
	free(running);
	return sum;
}
