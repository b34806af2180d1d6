package directory

import (
	"cmp"
	"math"
	"slices"
)

// Point is a place on the map in degrees (WGS 84).
type Point struct {
	Lat float64 `yaml:"lat" json:"lat"`
	Lon float64 `yaml:"lon" json:"lon"`
}

// Metres answers the distance along the great circle; within a region it is good to half a per cent.
func (p Point) Metres(q Point) float64 {
	const earth = 6371000
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	dLat, dLon := rad(q.Lat-p.Lat)/2, rad(q.Lon-p.Lon)/2
	h := math.Sin(dLat)*math.Sin(dLat) + math.Cos(rad(p.Lat))*math.Cos(rad(q.Lat))*math.Sin(dLon)*math.Sin(dLon)
	return 2 * earth * math.Asin(math.Min(1, math.Sqrt(h)))
}

// Placed is a centre with its distance from where the citizen is; negative when that is unknown.
type Placed struct {
	Centre
	Metres float64
}

// Nearest orders centres by distance from a point (MAP-03); without one they keep their order.
func Nearest(centres []Centre, from *Point) []Placed {
	out := make([]Placed, len(centres))
	for i, c := range centres {
		out[i] = Placed{Centre: c, Metres: -1}
		if from != nil {
			out[i].Metres = from.Metres(c.Point)
		}
	}
	if from != nil {
		slices.SortStableFunc(out, func(a, b Placed) int { return cmp.Compare(a.Metres, b.Metres) })
	}
	return out
}
