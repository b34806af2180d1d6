package db

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
)

// Get returns exactly one row, [ErrNoRows] without one. T is a struct whose
// fields match the columns by name (tag db:"column") or one scalar value.
func Get[T any](ctx context.Context, tx *Tx, sql string, args ...any) (T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		var zero T
		return zero, err
	}
	return pgx.CollectExactlyOneRow(rows, rowTo[T]())
}

// Find is [Get] that returns nil, and no error, for no row.
func Find[T any](ctx context.Context, tx *Tx, sql string, args ...any) (*T, error) {
	v, err := Get[T](ctx, tx, sql, args...)
	if errors.Is(err, ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// List returns all rows. The query carries its own LIMIT: every list is paged.
func List[T any](ctx context.Context, tx *Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, rowTo[T]())
}

var timeType = reflect.TypeFor[time.Time]()

func rowTo[T any]() pgx.RowToFunc[T] {
	t := reflect.TypeFor[T]()
	if t.Kind() == reflect.Struct && t != timeType {
		return pgx.RowToStructByName[T]
	}
	return pgx.RowTo[T]
}
