package job

import "slices"

// patience is how often a job that waits for memory lets jobs of other owners
// pass; then nothing starts before it.
const patience = 8

// queue holds waiting jobs: in order of arrival for one owner, in turn between
// owners.
//
//	owners  B → C → A        (B's turn)
//	jobs    B: b1 b2   C: c1   A: a4 a5
//	next    b1; then C → A → B
type queue struct {
	owners []string // those who have jobs, whose turn is first is first
	jobs   map[string][]*Job
}

func (q *queue) push(j *Job) {
	o := j.spec.Owner
	if len(q.jobs[o]) == 0 {
		q.owners = append(q.owners, o)
	}
	q.jobs[o] = append(q.jobs[o], j)
}

// next takes out the job whose turn it is. An owner whose first job is not
// admitted is passed over, for as long as the job's patience lasts. nil: none.
func (q *queue) next(admit func(*Job) bool) *Job {
	for i, o := range q.owners {
		j := q.jobs[o][0]
		if admit(j) {
			for _, passed := range q.owners[:i] {
				q.jobs[passed][0].passed++
			}
			q.drop(o, 0)
			if k := slices.Index(q.owners, o); k >= 0 {
				q.owners = append(slices.Delete(q.owners, k, k+1), o)
			}
			return j
		}
		if j.passed >= patience {
			return nil
		}
	}
	return nil
}

// remove takes a job out; false when it is not here.
func (q *queue) remove(j *Job) bool {
	o := j.spec.Owner
	i := slices.Index(q.jobs[o], j)
	if i < 0 {
		return false
	}
	q.drop(o, i)
	return true
}

// drop deletes owner o's job i, and the owner after its last one.
func (q *queue) drop(o string, i int) {
	q.jobs[o] = slices.Delete(q.jobs[o], i, i+1)
	if len(q.jobs[o]) == 0 {
		delete(q.jobs, o)
		k := slices.Index(q.owners, o)
		q.owners = slices.Delete(q.owners, k, k+1)
	}
}
