// Package services embeds the definitions of services, the directories of agencies and the texts of
// help as they are delivered: the seed of a portal's catalogue and the format of import and export.
//
//	catalogue.yaml               categories and life situations
//	federal/<code>/              services that every region has
//	region/<NN>/<code>/          services of one region
//	region/<NN>/directory.yaml   its agencies and service centres
//	places.yaml                  regions and towns of Russia
//	content/                     help, legal acts, agreements, news
//	schema/                      JSON Schemas for editors
//
// How to add a service: docs/howto/add-a-service.md.
package services

import "embed"

// FS holds all definitions.
//
//go:embed catalogue.yaml places.yaml federal region content schema
var FS embed.FS
