package rapids

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestZoneNames(t *testing.T) {
	names := strings.Fields(zoneNames)
	assert.True(t, slices.IsSorted(names))
	assert.Contains(t, names, "UTC")
	assert.Greater(t, len(names), 400)
	for _, n := range names {
		_, err := time.LoadLocation(n)
		assert.NoError(t, err)
	}
}
