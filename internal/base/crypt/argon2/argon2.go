// Copyright 2017 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package argon2 is Argon2id (RFC 9106) of golang.org/x/crypto/argon2 with one
// difference: the working memory is the caller's, outside the heap, and serves
// hash after hash.
//
// The original allocates it anew each time. Of 256 people who sign in at once
// each leaves 19 MiB to the garbage collector, which lets several times the
// needed memory stand, and the system clears 4,800 pages for each of them.
//
// Copied are the mixing of blocks (blamka_*) and the long hash (blake2b.go) as
// they are, without loong64 and without Argon2i and 2d; a test compares with
// the original.
package argon2

import (
	"encoding/binary"
	"sync"

	"golang.org/x/crypto/blake2b"
)

// Version of Argon2 that is implemented here.
const Version = 0x13

const (
	argon2id    = 2
	blockLength = 128
	syncPoints  = 4
)

type block [blockLength]uint64

// IDKey derives a key of keyLen bytes: time is the number of passes, memory is
// in KiB. It panics on less than one pass or thread. One call at a time.
func (m *Memory) IDKey(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
	if time < 1 {
		panic("argon2: number of rounds too small")
	}
	if threads < 1 {
		panic("argon2: parallelism degree too low")
	}
	lanes := uint32(threads)
	h0 := initHash(password, salt, time, memory, lanes, keyLen)
	memory = max(memory/(syncPoints*lanes)*(syncPoints*lanes), 2*syncPoints*lanes)
	blocks := m.take(int(memory))
	initBlocks(blocks, &h0, memory, lanes)
	processBlocks(blocks, time, memory, lanes)
	return extractKey(blocks, memory, lanes, keyLen)
}

func initHash(password, salt []byte, time, memory, threads, keyLen uint32) (h0 [blake2b.Size + 8]byte) {
	b2, _ := blake2b.New512(nil)
	number := func(n uint32) { _, _ = b2.Write(binary.LittleEndian.AppendUint32(nil, n)) }
	for _, n := range []uint32{threads, keyLen, memory, time, Version, argon2id} {
		number(n)
	}
	for _, part := range [][]byte{password, salt, nil, nil} { // no secret, no associated data
		number(uint32(len(part)))
		_, _ = b2.Write(part)
	}
	b2.Sum(h0[:0])
	return h0
}

func initBlocks(b []block, h0 *[blake2b.Size + 8]byte, memory, threads uint32) {
	var raw [1024]byte
	for lane := range threads {
		j := lane * (memory / threads)
		binary.LittleEndian.PutUint32(h0[blake2b.Size+4:], lane)
		for k := range uint32(2) {
			binary.LittleEndian.PutUint32(h0[blake2b.Size:], k)
			blake2bHash(raw[:], h0[:])
			for i := range b[j+k] {
				b[j+k][i] = binary.LittleEndian.Uint64(raw[i*8:])
			}
		}
	}
}

func processBlocks(b []block, time, memory, threads uint32) {
	for n := range time {
		for slice := range uint32(syncPoints) {
			s := segment{b: b, time: time, memory: memory, threads: threads, n: n, slice: slice}
			if threads == 1 {
				s.process(0)
				continue
			}
			var wait sync.WaitGroup
			for lane := range threads {
				wait.Go(func() { s.process(lane) })
			}
			wait.Wait()
		}
	}
}

// segment is a quarter of a pass.
type segment struct {
	b                     []block
	time, memory, threads uint32
	n, slice              uint32
}

func (s segment) process(lane uint32) {
	var addresses, in, zero block
	lanes := s.memory / s.threads
	segments := lanes / syncPoints
	// The first half of the first pass takes its addresses from a counter, not from the data.
	independent := s.n == 0 && s.slice < syncPoints/2
	if independent {
		in[0], in[1], in[2], in[3], in[4], in[5] = uint64(s.n), uint64(lane), uint64(s.slice), uint64(s.memory), uint64(s.time), argon2id
	}
	next := func() {
		in[6]++
		processBlock(&addresses, &in, &zero)
		processBlock(&addresses, &addresses, &zero)
	}
	// The memory may hold an earlier hash: the first pass writes over it, the
	// others mix into it. The original mixes into zeroes at first.
	mix := processBlockXOR
	if s.n == 0 {
		mix = processBlock
	}
	index := uint32(0)
	if s.n == 0 && s.slice == 0 {
		index = 2 // the first two blocks are there
		next()
	}
	offset := lane*lanes + s.slice*segments + index
	for index < segments {
		prev := offset - 1
		if index == 0 && s.slice == 0 {
			prev += lanes // last block in lane
		}
		random := s.b[prev][0]
		if independent {
			if index%blockLength == 0 {
				next()
			}
			random = addresses[index%blockLength]
		}
		from := indexAlpha(random, lanes, segments, s.threads, s.n, s.slice, lane, index)
		mix(&s.b[offset], &s.b[prev], &s.b[from])
		index, offset = index+1, offset+1
	}
}

func extractKey(b []block, memory, threads, keyLen uint32) []byte {
	lanes := memory / threads
	last := &b[memory-1]
	for lane := range threads - 1 {
		for i, v := range b[(lane*lanes)+lanes-1] {
			last[i] ^= v
		}
	}
	var raw [1024]byte
	for i, v := range last {
		binary.LittleEndian.PutUint64(raw[i*8:], v)
	}
	key := make([]byte, keyLen)
	blake2bHash(key, raw[:])
	return key
}

func indexAlpha(rand uint64, lanes, segments, threads, n, slice, lane, index uint32) uint32 {
	refLane := uint32(rand>>32) % threads
	if n == 0 && slice == 0 {
		refLane = lane
	}
	m, s := 3*segments, ((slice+1)%syncPoints)*segments
	if lane == refLane {
		m += index
	}
	if n == 0 {
		m, s = slice*segments, 0
		if slice == 0 || lane == refLane {
			m += index
		}
	}
	if index == 0 || lane == refLane {
		m--
	}
	return phi(rand, uint64(m), uint64(s), refLane, lanes)
}

func phi(rand, m, s uint64, lane, lanes uint32) uint32 {
	p := rand & 0xFFFFFFFF
	p = (p * p) >> 32
	p = (p * m) >> 32
	return lane*lanes + uint32((s+m-(p+1))%uint64(lanes))
}
